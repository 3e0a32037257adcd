//! Facts that could not be read, and resources that plans ignore.

use super::cases::*;
use super::*;

#[test]
fn unread_tags_leave_open_only_what_they_decide() {
    let unread = || Resource::with_unread_tags("EBS", VOLUME);
    let tags =
        r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let either = r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"], "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let negated = r#"{"Resources": ["*"], "Conditions": {"StringNotEquals": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}]}}"#;
    let excluded = r#"{"Resources": ["*"], "NotResources": ["arn:aws:ec2:*"], "Conditions": {"StringLike": [{"ConditionKey": "a", "ConditionValue": "*"}]}}"#;
    let missing = "the resource's tags could not be read";
    check_all(&[
        case(
            "by ARN",
            SELECTION,
            r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"]}"#,
            unread(),
            By("Resources `arn:aws:ec2:*:*:volume/*`"),
        ),
        case("by tag", SELECTION, tags, unread(), Open(missing)),
        case("by either", SELECTION, either, unread(), By("Resources `arn:aws:ec2:*:*:volume/*`")),
        case("a negated condition", SELECTION, negated, unread(), Open(missing)),
        case(
            "excluded all the same",
            SELECTION,
            excluded,
            unread(),
            Not("NotResources `arn:aws:ec2:*` excludes it"),
        ),
        case(
            "not reached all the same",
            SELECTION,
            r#"{"Resources": ["arn:aws:s3:::*"], "Conditions": {"StringEquals": [
            {"ConditionKey": "a", "ConditionValue": "b"}]}}"#,
            unread(),
            Not("Resources `arn:aws:s3:::*` does not match"),
        ),
    ]);
}

#[test]
fn what_a_restore_test_made_is_ignored() {
    let everything = r#"{"Resources": ["*"]}"#;
    let made = "a restore test made the resource, and backup plans ignore those";
    let unread =
        "the resource's tags could not be read, so a restore test's leftover cannot be told from the rest";
    check_all(&[
        case("by its tag", RESTORE, everything, volume(&[("awsbackup-restore-test", "plan-7")]), Not(made)),
        case(
            "by its name",
            RESTORE,
            everything,
            Resource { name: "awsbackup-restore-test-1", ..volume(&[]) },
            Not(made),
        ),
        case(
            "by the end of its ARN",
            RESTORE,
            everything,
            Resource::new(
                "DynamoDB",
                "arn:aws:dynamodb:us-east-1:111122223333:table/awsbackup-restore-test-1",
                &[],
            ),
            Not(made),
        ),
        case(
            "a value is no key",
            RESTORE,
            everything,
            volume(&[("purpose", "awsbackup-restore-test")]),
            By("Resources `*`"),
        ),
        case(
            "its tag could not be read",
            RESTORE,
            everything,
            Resource { restore_test: None, ..Resource::with_unread_tags("EBS", VOLUME) },
            Open(unread),
        ),
        case(
            "known from its restore job",
            RESTORE,
            everything,
            Resource { restore_test: Some(true), ..Resource::with_unread_tags("EBS", VOLUME) },
            Not(made),
        ),
    ]);
}

#[test]
fn a_selection_that_could_not_be_read_may_cover_anything_of_its_region() {
    let selection = Selection::unread(id(ACCOUNT, REGION, "p-1"));
    let opt_in = opted_in_but(&["EBS"]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    let outcome = explain(&selection, &volume(&[]).candidate(), &settings);
    assert_eq!(said(&outcome), "open: the selection could not be read");
    let leftover = volume(&[("awsbackup-restore-test", "")]);
    assert_eq!(explain(&selection, &leftover.candidate(), &settings).covered(), Some(false));
    let elsewhere = Resource { region: "eu-west-1", ..volume(&[]) };
    assert_eq!(explain(&selection, &elsewhere.candidate(), &settings).covered(), Some(false));
    let index = CoverageIndex::new(vec![selection]);
    assert_eq!(index.covering(&volume(&[]).candidate(), &settings).undecided().collect::<Vec<_>>(), [0]);
    assert_eq!(index.covering(&elsewhere.candidate(), &settings).covered(), Some(false));
}

#[test]
fn what_is_missing_is_listed_once_and_not_without_end() {
    let placeholders: Vec<String> = (0..40).map(|number| format!("\"${{{number}}}\"")).collect();
    let tags = r#"{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}"#;
    let many = format!(r#"{{"Resources": [{}]}}"#, placeholders.join(", "));
    let same = format!(r#"{{"ListOfTags": [{}]}}"#, [tags; 3].join(", "));
    let opt_in = opted_in_but(&[]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    for (json, count) in [(many, 8), (same, 1)] {
        let (selection, _) = Selection::new(id(ACCOUNT, REGION, "p-1"), &body(&json));
        let resource = Resource::with_unread_tags("EBS", VOLUME);
        match explain(&selection, &resource.candidate(), &settings) {
            Outcome::Undecided { unread } => assert_eq!(unread.len(), count, "{json}"),
            other => panic!("{other:?}"),
        }
    }
}
