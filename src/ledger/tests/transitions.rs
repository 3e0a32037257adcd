//! What a transition does: a table of lives.

use super::*;

/// `n` a violation for reason a, `N` of higher severity, `m` for reasons a and b, `?` undecided, `c` compliant,
/// `x` not applicable, `g` gone.
fn seen(letter: char) -> Seen {
    match letter {
        'n' => violation(Severity::Medium, "a"),
        'N' => violation(Severity::High, "a"),
        'm' => violation(Severity::Medium, "ab"),
        '?' => undecided("denied"),
        'c' => Seen::Compliant,
        'x' => Seen::NotApplicable,
        _ => Seen::Gone,
    }
}

struct Life {
    name: &'static str,
    /// Letter and hour of each observation, in the order in which they come.
    seen: &'static str,
    /// State, answer and the hour since which it is that answer.
    stands: &'static str,
    /// Steps with their hours.
    history: &'static str,
}

const LIVES: &[Life] = &[
    Life { name: "what never was a violation is not recorded", seen: "c1 ?2 x3 g4", stands: "", history: "" },
    Life { name: "a violation opens", seen: "n1", stands: "open NON_COMPLIANT 1", history: "opened@1" },
    Life {
        name: "one seen again is the same",
        seen: "n1 n2 n3",
        stands: "open NON_COMPLIANT 1",
        history: "opened@1",
    },
    Life {
        name: "another reason makes it worse, a lost one changes it",
        seen: "n1 m2 n3",
        stands: "open NON_COMPLIANT 1",
        history: "opened@1 worse@2 changed@3",
    },
    Life {
        name: "so does severity",
        seen: "n1 N2 n3",
        stands: "open NON_COMPLIANT 1",
        history: "opened@1 worse@2 changed@3",
    },
    Life {
        name: "what could not be looked at stays open",
        seen: "n1 ?2 ?3",
        stands: "undecided INSUFFICIENT_DATA 2",
        history: "opened@1 undecided@2",
    },
    Life {
        name: "and is confirmed when it can be",
        seen: "n1 ?2 n3",
        stands: "open NON_COMPLIANT 3",
        history: "opened@1 undecided@2 confirmed@3",
    },
    Life {
        name: "or resolved",
        seen: "n1 ?2 c3",
        stands: "resolved COMPLIANT 3 at 3",
        history: "opened@1 undecided@2 resolved@3",
    },
    Life {
        name: "out of scope is resolved",
        seen: "n1 x2",
        stands: "resolved NOT_APPLICABLE 2 at 2",
        history: "opened@1 resolved@2",
    },
    Life {
        name: "gone is told apart",
        seen: "n1 g2 g3",
        stands: "resolved GONE 2 at 2",
        history: "opened@1 gone@2",
    },
    Life {
        name: "what comes back is reopened",
        seen: "n1 c2 c3 n4 g5 n6",
        stands: "open NON_COMPLIANT 6",
        history: "opened@1 resolved@2 reopened@4 gone@5 reopened@6",
    },
    Life {
        name: "what is resolved and cannot be looked at stays resolved",
        seen: "n1 c2 ?3",
        stands: "resolved INSUFFICIENT_DATA 3 at 2",
        history: "opened@1 resolved@2",
    },
    Life {
        name: "an older answer changes nothing",
        seen: "n3 c2 g1 ?2",
        stands: "open NON_COMPLIANT 3",
        history: "opened@3",
    },
    Life {
        name: "an older violation does not reopen",
        seen: "n1 c4 m3",
        stands: "resolved COMPLIANT 4 at 4",
        history: "opened@1 resolved@4",
    },
    Life {
        name: "what was decided before it could not be looked at counts, though it comes late",
        seen: "n1 ?4 c3",
        stands: "resolved INSUFFICIENT_DATA 4 at 3",
        history: "opened@1 undecided@4 resolved@3",
    },
    Life {
        name: "of two answers at once the graver stands",
        seen: "n1 c2 n2 g2",
        stands: "open NON_COMPLIANT 2",
        history: "opened@1 resolved@2 reopened@2",
    },
];

#[test]
fn lives_go_as_told() {
    for Life { name, seen: letters, stands, history } in LIVES {
        let observations: Vec<Observation> = letters
            .split(' ')
            .map(|it| observed(it[1..].parse().unwrap(), seen(it.chars().next().unwrap())))
            .collect();
        let (record, entries) = replay(&observations);
        let number = |at: Timestamp| (at.as_second() - hour(0).as_second()) / 3_600;
        let shown = record.map_or_else(String::new, |it| {
            let resolved = it.resolved_at.map_or_else(String::new, |at| format!(" at {}", number(at)));
            format!("{} {} {}{resolved}", it.state(), it.answer, number(it.since))
        });
        assert_eq!(shown, *stands, "{name}");
        let steps: Vec<String> = entries.iter().map(|it| format!("{}@{}", it.step, number(it.at))).collect();
        assert_eq!(steps.join(" "), *history, "{name}");
    }
}

#[test]
fn sentences_alone_make_no_step_and_are_kept_up_to_date() {
    let Seen::Violation(mut older) = violation(Severity::Medium, "a") else { unreachable!() };
    older.messages = vec!["45 days old".to_owned()];
    let (record, history) =
        replay(&[observed(1, violation(Severity::Medium, "a")), observed(2, Seen::Violation(older))]);
    assert_eq!(history.len(), 1);
    let record = record.unwrap();
    assert_eq!(record.violation.messages, ["45 days old"]);
    assert_eq!((record.first_seen, record.last_seen), (hour(1), hour(2)));
}

#[test]
fn the_last_step_says_its_cause() {
    let who = Actor {
        event_id: "e-1".to_owned(),
        event_name: "PutBackupVaultAccessPolicy".to_owned(),
        principal: "arn:aws:iam::111122223333:user/ops".to_owned(),
        source_address: "203.0.113.7".to_owned(),
        ..Actor::default()
    };
    let mut event = observed(2, Seen::Compliant);
    event.cause = Cause::Event(Box::new(who));
    let (record, history) =
        replay(&[observed(1, violation(Severity::Low, "a")), event.clone(), observed(3, Seen::Compliant)]);
    assert_eq!(record.unwrap().cause, event.cause);
    assert_eq!(
        history[1].cause.to_string(),
        "PutBackupVaultAccessPolicy by arn:aws:iam::111122223333:user/ops from 203.0.113.7 (event e-1)"
    );
}
