//! Wildcards: tables, and the matcher against a naive one.

use proptest::prelude::*;

use super::super::pattern::Pattern;
use super::super::resource::arn_pattern;
use super::super::template::{Shape, Template};

#[test]
fn a_glob_matches_whole_texts() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a:b/c", true),
        ("a*c", "abbbc", true),
        ("a*c", "abbb", false),
        ("a*b*c", "aXbYbZc", true),
        ("?", "", false),
        ("?", "é", true),
        ("**a", "ba", true),
        ("a?c", "a:c", true),
    ] {
        assert_eq!(Pattern::glob(pattern).matches(text), expected, "{pattern} on {text}");
    }
}

#[test]
fn action_names_ignore_case() {
    for (pattern, text, expected) in [
        ("backup:DeleteRecoveryPoint", "backup:deleterecoverypoint", true),
        ("BACKUP:delete*", "backup:DeleteBackupVault", true),
        ("backup:Delete?ecoveryPoint", "backup:DeleteRecoveryPoint", true),
        ("backup:Delete", "backup:DeleteBackupVault", false),
    ] {
        assert_eq!(Pattern::glob_any_case(pattern).matches(text), expected, "{pattern} on {text}");
    }
}

/// IAM User Guide, IAM JSON policy elements: Resource, "Using wildcards in resource ARNs".
#[test]
fn in_a_resource_only_a_star_at_the_end_of_its_part_crosses_colons() {
    for (pattern, text, expected) in [
        ("*", "arn:aws:backup:eu-west-1:111122223333:recovery-point:1", true),
        ("arn:aws:backup:*", "arn:aws:backup:eu-west-1:111122223333:recovery-point:1", true),
        ("arn:aws:backup:*:recovery-point:*", "arn:aws:backup:eu-west-1:111122223333:recovery-point:1", true),
        ("arn:aws:ec2:*:*:snapshot/*", "arn:aws:ec2:eu-west-1::snapshot/snap-0abc", true),
        ("arn:aws:ec2::Region::snapshot/*", "arn:aws:ec2:Region::snapshot/snap-0abc", false),
        ("arn:aws:backup:eu-*1:111122223333:x", "arn:aws:backup:eu-west-1:111122223333:x", true),
        ("arn:aws:backup:eu-*3:x", "arn:aws:backup:eu-west-1:111122223333:x", false),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", true),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", false),
        (
            "arn:aws:rds:*:*:snapshot:awsbackup:*",
            "arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1",
            true,
        ),
    ] {
        let (compiled, complete) = Template::parse(pattern, true, true).unresolved(Shape::Resource);
        assert!(complete);
        assert_eq!(compiled.matches(text), expected, "{pattern} on {text}");
    }
}

#[test]
fn patterns_compare_as_sets() {
    for (left, right, intersects, covers) in [
        ("a*", "ab*", true, true),
        ("ab*", "a*", true, false),
        ("a*", "*b", true, false),
        ("a*", "b*", false, false),
        ("*", "", true, true),
        ("a?c", "abc", true, true),
        ("abc", "a?c", true, false),
        ("*x*", "*x", true, true),
        ("a*b", "a*c", false, false),
    ] {
        let (first, second) = (Pattern::glob(left), Pattern::glob(right));
        assert_eq!(first.intersects(&second), intersects, "{left} and {right}");
        assert_eq!(second.intersects(&first), intersects, "{right} and {left}");
        assert_eq!(first.covers(&second), covers, "{left} over {right}");
    }
}

#[test]
fn wildcards_in_an_arn_stay_in_their_part() {
    let any_role = arn_pattern("arn:aws:iam::*:role/*");
    assert!(any_role.covers(&arn_pattern("arn:aws:iam::111122223333:role/a/*")));
    assert!(!any_role.covers(&Pattern::glob("arn:aws:iam::*:role/*")));
    assert!(!any_role.intersects(&arn_pattern("arn:aws:sts::*:*")));
    assert_eq!(any_role.segment(4), Some(arn_pattern("*").segment(0).unwrap()));
    assert_eq!(
        arn_pattern("arn:aws:iam::111122223333:role/x").segment(4),
        Some(Pattern::literal("111122223333"))
    );
    assert_eq!(Pattern::glob("arn:*:111122223333:role/x").segment(4), None);
}

#[test]
fn a_hostile_pattern_takes_no_time_worth_noticing() {
    let pattern = "a*".repeat(2_000);
    let text = "a".repeat(4_000);
    assert!(!Pattern::glob(&format!("{pattern}b")).matches(&text));
    assert!(
        !Pattern::glob(&format!("{}b", "a*".repeat(400)))
            .intersects(&Pattern::glob(&format!("{}c", "*a".repeat(400))))
    );
}

/// What a pattern means, word for word and without a thought for time.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skipped| naive(rest, &text[skipped..])),
        Some(('?', rest)) => !text.is_empty() && naive(rest, &text[1..]),
        Some((character, rest)) => text.first() == Some(character) && naive(rest, &text[1..]),
    }
}

fn naive_str(pattern: &str, text: &str) -> bool {
    naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_agrees_with_the_naive_one(pattern in "[ab:*?]{0,7}", text in "[ab:]{0,8}") {
        prop_assert_eq!(Pattern::glob(&pattern).matches(&text), naive_str(&pattern, &text));
    }

    #[test]
    fn arn_operators_match_part_by_part(pattern in "([ab*?]{0,2}:){5}[ab:*?]{0,3}", text in "([ab]{0,2}:){5}[ab:]{0,3}") {
        let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
        let expected = parts(&pattern).iter().zip(parts(&text)).all(|(pattern, text)| naive_str(pattern, &text));
        prop_assert_eq!(arn_pattern(&pattern).matches(&text), expected);
    }

    #[test]
    fn comparisons_of_patterns_are_sound(left in "[ab*?]{0,5}", right in "[ab*?]{0,5}", text in "[ab]{0,6}") {
        let (first, second) = (Pattern::glob(&left), Pattern::glob(&right));
        if first.matches(&text) && second.matches(&text) {
            prop_assert!(first.intersects(&second));
        }
        if first.covers(&second) && second.matches(&text) {
            prop_assert!(first.matches(&text));
        }
    }

    #[test]
    fn patterns_that_intersect_share_a_text(left in "[ab*?]{0,4}", right in "[ab*?]{0,4}") {
        let texts = (0..=8usize).flat_map(|length| (0..1usize << length).map(move |bits| {
            (0..length).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect::<String>()
        }));
        let (first, second) = (Pattern::glob(&left), Pattern::glob(&right));
        let shared = texts.into_iter().any(|text| first.matches(&text) && second.matches(&text));
        prop_assert_eq!(first.intersects(&second), shared);
    }
}
