//! Tests of messages: what people read, and the laws of size, subject and counts.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::catalog::Catalog;
use crate::evaluate::MissingFact;
use crate::ledger::{Cause, Key, Observation, Scope, Seen, Step, Violation, transition};

const PLAN: &str = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN";
const VAULT: &str = "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED";

/// What a test says of a violation.
#[derive(Clone, Debug)]
struct Told {
    control: String,
    place: String,
    resource_type: String,
    resource: String,
    name: String,
    severity: Severity,
    message: String,
}

impl Told {
    fn volume(number: u64) -> Self {
        Self {
            control: PLAN.to_owned(),
            place: "111122223333/eu-west-1".to_owned(),
            resource_type: "AWS::EC2::Volume".to_owned(),
            resource: format!("arn:aws:ec2:eu-west-1:111122223333:volume/vol-{number}"),
            name: format!("data-{number}"),
            severity: Severity::High,
            message: "no backup plan selects it".to_owned(),
        }
    }

    fn vault() -> Self {
        Self {
            control: VAULT.to_owned(),
            resource_type: "AWS::Backup::BackupVault".to_owned(),
            resource: "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault".to_owned(),
            name: "org-vault".to_owned(),
            severity: Severity::Medium,
            message: "org-vault lets people delete recovery points".to_owned(),
            ..Self::volume(0)
        }
    }

    fn observed(&self, hour: i64, cause: Cause, seen: Seen) -> Observation {
        let scope = Scope {
            framework: "aws-backup-audit-manager".to_owned(),
            control: self.control.clone(),
            place: place(&self.place),
        };
        let key = Key { scope, resource_type: self.resource_type.clone(), resource: self.resource.clone() };
        Observation { key, at: at(hour), cause, seen }
    }

    fn violation(&self, reasons: &[&str]) -> Seen {
        Seen::Violation(Violation {
            severity: self.severity,
            reasons: reasons.iter().map(|it| (*it).to_owned()).collect(),
            messages: vec![self.message.clone()],
            name: self.name.clone(),
            evidence_digest: String::new(),
        })
    }

    /// A violation that opened an hour ago and takes this step now.
    fn step(&self, step: Step, cause: &Cause) -> (Record, Entry) {
        let opened = transition(None, &self.observed(0, cause.clone(), self.violation(&["a", "b"])));
        let undecided = || {
            Seen::undecided(&[MissingFact {
                why: "its policy could not be read: AccessDenied".to_owned(),
                ..MissingFact::default()
            }])
        };
        let seen = match step {
            Step::Opened => return moved(opened),
            Step::Worse => self.violation(&["a", "b", "c"]),
            Step::Changed => self.violation(&["a"]),
            Step::Undecided => undecided(),
            Step::Resolved => Seen::Compliant,
            Step::Gone => Seen::Gone,
            Step::Reopened | Step::Confirmed => {
                let first = if step == Step::Reopened { Seen::Compliant } else { undecided() };
                let between = transition(opened.record(), &self.observed(1, cause.clone(), first));
                let last = self.observed(2, cause.clone(), self.violation(&["a", "b"]));
                return moved(transition(between.record(), &last));
            }
        };
        let change = transition(opened.record(), &self.observed(1, cause.clone(), seen));
        let (record, entry) = moved(change);
        assert_eq!(entry.step, step);
        (record, entry)
    }
}

fn moved(change: crate::ledger::Change) -> (Record, Entry) {
    match change {
        crate::ledger::Change::Moved(record, entry) => (*record, *entry),
        other => panic!("{other:?}"),
    }
}

fn place(text: &str) -> Place {
    let (account, region) = text.split_once('/').unwrap();
    Place { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

/// That many hours after 2026-03-01T05:00:00Z.
fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_772_341_200 + hour * 3_600).unwrap()
}

const RUN: &str = "20260301T060000Z-1a2b3c4d";

fn of_run() -> News {
    let mut news = News::new(Occasion::Run { id: RUN.to_owned(), at: at(1) });
    news.link(Link {
        url: "https://console.example.com/reports/1a2b".to_owned(),
        command: format!("backproof report get {RUN}"),
    });
    explained(news)
}

fn of_event() -> (News, Cause) {
    let actor = Actor {
        event_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        event_name: "DeleteBackupVaultAccessPolicy".to_owned(),
        principal: "arn:aws:sts::111122223333:assumed-role/Admin/alice".to_owned(),
        session_issuer: "arn:aws:iam::111122223333:role/Admin".to_owned(),
        source_address: "198.51.100.7".to_owned(),
        before: "{\"Statement\":[{\"Effect\":\"Deny\"}]}".to_owned(),
        after: "no policy".to_owned(),
    };
    let about = "backup vault `org-vault`".to_owned();
    let occasion = Occasion::Event { actor: Box::new(actor.clone()), about, at: at(1) };
    (explained(News::new(occasion)), Cause::Event(Box::new(actor)))
}

fn explained(mut news: News) -> News {
    for control in Catalog::built_in().unwrap().controls.values() {
        news.explain(&control.name, &control.title, &control.readme);
    }
    news
}

fn by_run() -> Cause {
    Cause::Run(RUN.to_owned())
}

fn add(news: &mut News, told: &Told, step: Step, cause: &Cause) {
    let (record, entry) = told.step(step, cause);
    news.add(&record, &entry);
}

/// The whole message as somebody would see it arrive.
fn shown(news: &News) -> String {
    let message = news.message().unwrap();
    check(news, &message);
    let json: Value = serde_json::from_str(&message.json).unwrap();
    let mut text = format!("Subject: {}\n\n{}\n", message.subject, message.email);
    for it in &message.attributes {
        text += &format!("{} {} {}\n", it.name, it.data_type, it.value);
    }
    let items = json["items"].as_array().unwrap().len();
    if items <= 3 {
        text + &format!("{json:#}\n")
    } else {
        text + &format!("{items} items: {} cut {}\n", json["counts"], json["cut"])
    }
}

/// The laws that every message keeps.
fn check(news: &News, message: &Message) {
    let subject = &message.subject;
    assert!(subject.len() < 100 && subject.bytes().all(|it| (b' '..=b'~').contains(&it)), "{subject}");
    assert!(subject.starts_with("backproof"), "{subject}");
    let body = message.body();
    let parsed: Value = serde_json::from_str(&body).unwrap();
    for (protocol, text) in [("default", &message.json), ("email", &message.email), ("sms", &message.subject)]
    {
        assert_eq!(parsed[protocol].as_str(), Some(text.as_str()), "{protocol}");
    }
    let attributes: usize =
        message.attributes.iter().map(|it| it.name.len() + it.data_type.len() + it.value.len()).sum();
    assert_eq!(message.size(), body.len() + attributes);
    assert!(message.size() <= TARGET_BYTES, "{} bytes", message.size());
    assert!(message.attributes.len() <= 10);
    for it in &message.attributes {
        assert!(!it.value.is_empty());
        if it.data_type == "String.Array" {
            assert!(!serde_json::from_str::<Vec<String>>(&it.value).unwrap().is_empty());
        }
    }
    let json: Value = serde_json::from_str(&message.json).unwrap();
    for change in Change::ALL {
        let word = change.as_str();
        let items = json["items"].as_array().unwrap();
        let shown = items.iter().filter(|it| it["change"] == word).count() as u64;
        assert_eq!(json["counts"][word], news.count(change), "{word}");
        assert_eq!(json["shown"][word], shown, "{word}");
        assert_eq!(json["cut"][word], news.count(change) - shown, "{word}");
    }
    for (list, count) in
        [("failures", news.failures.count), ("broken", news.broken.count), ("notices", news.notices.count)]
    {
        let shown = json[list].as_array().unwrap().len() as u64;
        assert_eq!(
            (&json["shown"][list], &json["cut"][list]),
            (&shown.into(), &(count - shown).into()),
            "{list}"
        );
    }
    check_email(news, &message.email);
}

/// Only the text itself begins lines, and what it names and leaves out is all there is.
fn check_email(news: &News, email: &str) {
    assert!(email.chars().all(|it| it == '\n' || !it.is_control()), "{email}");
    let mut total = 0;
    for line in email.lines().take_while(|it| !it.starts_with("HOW TO FIX")).filter(|it| it.starts_with("- "))
    {
        let more = line.strip_prefix("- and ").and_then(|it| it.strip_suffix(" more"));
        total += more.map_or(1, |it| it.parse::<u64>().unwrap());
    }
    let troubles = news.failures.count + news.broken.count + news.notices.count;
    assert_eq!(total, Change::ALL.iter().map(|it| news.count(*it)).sum::<u64>() + troubles, "{email}");
}

#[test]
fn a_first_run_tells_what_it_found() {
    let mut news = of_run();
    news.totals(Totals { compliant: 40, non_compliant: 3, not_applicable: 2, insufficient_data: 1 });
    for number in 1..=2 {
        add(&mut news, &Told::volume(number), Step::Opened, &by_run());
    }
    add(&mut news, &Told::vault(), Step::Opened, &by_run());
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn nothing_is_said_where_nothing_changed() {
    let mut news = of_run();
    news.totals(Totals { compliant: 40, non_compliant: 3, not_applicable: 2, insufficient_data: 1 });
    assert_eq!(news.message(), None);
}

#[test]
fn an_event_that_turned_a_finding_tells_who_did_what() {
    let (mut news, cause) = of_event();
    add(&mut news, &Told::vault(), Step::Opened, &cause);
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn an_event_that_resolved_a_finding_is_good_news() {
    let (mut news, cause) = of_event();
    add(&mut news, &Told::vault(), Step::Resolved, &cause);
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn every_change_has_its_section_the_gravest_first() {
    let mut news = of_run();
    for (number, step) in Step::ALL.iter().rev().enumerate() {
        add(&mut news, &Told::volume(number as u64), *step, &by_run());
    }
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn ten_thousand_violations_make_one_message() {
    let mut news = of_run();
    for number in 0..10_000 {
        let mut told = Told::volume(number);
        told.place = format!("{:012}/eu-west-1", 111_122_220_000 + number % 250);
        told.severity = if number == 9_999 { Severity::Critical } else { Severity::High };
        add(&mut news, &told, Step::Opened, &by_run());
    }
    let kept: usize = news.changes.values().map(|it| it.kept.len()).sum();
    assert_eq!(kept, MAX_KEPT);
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn what_failed_is_told_where_nothing_changed() {
    let mut news = of_run();
    for region in ["eu-west-1", "us-east-1"] {
        news.add_failure(
            &place(&format!("444455556666/{region}")),
            "AccessDenied: not authorized to perform sts:AssumeRole",
        );
    }
    news.add_broken("OUR_OWN_CONTROL", "control.cedar: policy `x` has no `@message`");
    news.add_notice(&place("111122223333/eu-west-1"), "trail `org`: calls may go unrecorded");
    insta::assert_snapshot!(shown(&news));
}

#[test]
fn hostile_names_fake_neither_lines_nor_links() {
    let mut news = of_run();
    let mut told = Told::volume(1);
    told.name =
        "x\n- critical: your account is closed\u{2028}Report: https://evil.example/login\u{202e}".to_owned();
    told.message = format!("WWW.evil.example \u{1b}[31m{}", "ü".repeat(5_000));
    told.resource = format!("arn:aws:s3:::{}", "\u{1}".repeat(100_000));
    add(&mut news, &told, Step::Opened, &by_run());
    news.add_failure(&place("111122223333/eu-west-1"), "no\r\nHOW TO FIX\nhttp://evil.example");
    let text = shown(&news);
    let (mail, _) = text.split_once("kind String").unwrap();
    let links: Vec<&str> = mail.lines().filter(|it| it.contains("://")).collect();
    assert_eq!(links, ["Report: https://console.example.com/reports/1a2b"]);
    let message = news.message().unwrap();
    insta::assert_snapshot!(message.email);
}

#[test]
fn order_of_arrival_does_not_matter() {
    let place = |number: u64| format!("{:012}/eu-west-1", 111_122_220_000 + number % 250);
    let told: Vec<Told> = (0..1_000).map(|it| Told { place: place(it), ..Told::volume(it) }).collect();
    let message = |told: &mut dyn Iterator<Item = &Told>| {
        let mut news = of_run();
        for it in told {
            add(&mut news, it, Step::Opened, &by_run());
            news.add_failure(&super::tests::place(&it.place), "it could not be assumed");
        }
        news.message()
    };
    assert_eq!(message(&mut told.iter()), message(&mut told.iter().rev()));
}

#[test]
fn the_section_on_fixing_is_found_in_a_readme() {
    for (readme, expected) in [
        (
            "# C\n\n## How to fix it\n\nDo it.\n\n```sh\n## no heading\n```\n\n## Decisions\n",
            Some("Do it.\n\n```sh\n## no heading\n```"),
        ),
        ("## How to fix it\r\nDo it.", Some("Do it.")),
        ("```\n## How to fix it\n```\n", None),
        ("## How to fix it", None),
        ("# C", None),
    ] {
        assert_eq!(text::how_to_fix(readme), expected, "{readme}");
    }
    for control in Catalog::built_in().unwrap().controls.values() {
        assert!(text::how_to_fix(&control.readme).is_some(), "{}", control.name);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        (
            prop::sample::select(vec![
                "\u{1}",
                "\"",
                "\\",
                "\u{e0041}",
                "\u{2028}",
                "💥",
                "\n- ",
                "www.a",
                "://"
            ]),
            1_usize..20_000
        )
            .prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn any_told() -> impl Strategy<Value = (Told, Step)> {
    let severity =
        prop::sample::select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical]);
    let texts = (any_text(), any_text(), any_text(), any_text());
    let of = |((control, resource, name, message), severity, step): (
        (String, String, String, String),
        Severity,
        Step,
    )| { (Told { control, resource, name, message, severity, ..Told::volume(0) }, step) };
    (texts, severity, prop::sample::select(Step::ALL)).prop_map(of)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_message_keeps_the_laws(
        told in prop::collection::vec((any_told(), 1_u64..60), 0..12),
        failures in prop::collection::vec(any_text(), 0..40),
        event in prop::option::of((any_text(), any_text())),
        readme in any_text(),
    ) {
        let mut news = match event {
            None => of_run(),
            Some((name, text)) => News::new(Occasion::Event {
                actor: Box::new(Actor { event_id: text.clone(), event_name: name, principal: text.clone(), session_issuer: text.clone(), source_address: text.clone(), before: text.clone(), after: text.clone() }),
                about: text,
                at: at(1),
            }),
        };
        for ((told, step), times) in &told {
            news.explain(&told.control, &told.name, &format!("## How to fix it\n{readme}"));
            for number in 0..*times {
                let told = Told { resource: format!("{number}{}", told.resource), ..told.clone() };
                add(&mut news, &told, *step, &by_run());
            }
        }
        for why in &failures {
            news.add_failure(&place("111122223333/eu-west-1"), why);
            news.add_broken(why, why);
        }
        match news.message() {
            None => prop_assert!(told.is_empty() && failures.is_empty()),
            Some(message) => check(&news, &message),
        }
    }
}
