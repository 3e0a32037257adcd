//! The service opt-in, and who decides about it.

use super::cases::*;
use super::*;

/// Selection, service, ARN, and the answer for a service that is in, out, and not known.
type OptInCase = (&'static str, &'static str, &'static str, &'static str, [Option<bool>; 3]);

#[test]
fn the_opt_in_decides_unless_a_resource_type_is_named() {
    const OBEYS: [Option<bool>; 3] = [Some(true), Some(false), None];
    const OVERRIDES: [Option<bool>; 3] = [Some(true), Some(true), Some(true)];
    const UNCLEAR: [Option<bool>; 3] = [Some(true), None, None];
    let tag =
        r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let tag_or_type = r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"], "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let cases: [OptInCase; 23] = [
        (CLI, r#"{"Resources": ["*"]}"#, "EBS", VOLUME, OBEYS),
        (CLI, r#"{"Resources": ["arn:*"]}"#, "EBS", VOLUME, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:ec2:*"]}"#, "EC2", INSTANCE, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:ec2:*:*:*"]}"#, "EC2", INSTANCE, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:ec2:us-east-1:*"]}"#, "EC2", INSTANCE, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:ec2:us-*"]}"#, "EC2", INSTANCE, OBEYS),
        (SILENT, r#"{"Resources": ["arn:aws:ec2:*:instance/*"]}"#, "EC2", INSTANCE, UNCLEAR),
        (SELECTION, "{}", "EBS", VOLUME, OBEYS),
        (SETTINGS, tag, "EBS", VOLUME, OBEYS),
        (SETTINGS, tag_or_type, "EBS", VOLUME, OVERRIDES),
        (CLI, r#"{"Resources": ["arn:aws:ec2:*:*:instance/*"]}"#, "EC2", INSTANCE, OVERRIDES),
        (
            CLI,
            r#"{"Resources": ["arn:aws:ec2:us-east-1:111122223333:volume/vol-1"]}"#,
            "EBS",
            VOLUME,
            OVERRIDES,
        ),
        (CLI, r#"{"Resources": ["arn:aws:rds:*:*:db:*"]}"#, "RDS", DATABASE, OVERRIDES),
        (SETTINGS, r#"{"Resources": ["arn:aws:s3:::*"]}"#, "S3", BUCKET, OVERRIDES),
        (CLI, r#"{"Resources": ["arn:aws:s3:*"]}"#, "S3", BUCKET, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:rds:*:*:cluster:*"]}"#, "Aurora", CLUSTER, OBEYS),
        (
            CLI,
            r#"{"Resources": ["arn:aws:rds:*:*:cluster:my-aurora-cluster"]}"#,
            "DocumentDB",
            CLUSTER,
            OBEYS,
        ),
        (
            CLI,
            r#"{"Resources": ["arn:aws:rds:us-east-1:111122223333:cluster:my-aurora-cluster"]}"#,
            "Neptune",
            CLUSTER,
            OBEYS,
        ),
        (CLI, r#"{"Resources": ["arn:aws:rds:*"]}"#, "RDS", CLUSTER, OBEYS),
        (CLI, r#"{"Resources": ["arn:aws:fsx:*:*:file-system/*"]}"#, "FSx", WINDOWS, OBEYS),
        (
            SILENT,
            r#"{"Resources": ["arn:aws:fsx:*:*:volume/*"]}"#,
            "FSx",
            "arn:aws:fsx:us-east-1:111122223333:volume/fs-1/fsvol-1",
            OBEYS,
        ),
        (SILENT, r#"{"Resources": ["arn:aws:ec2:*:*:inst*"]}"#, "EC2", INSTANCE, UNCLEAR),
        (SILENT, r#"{"Resources": ["arn:aws:*:*:*:instance/*"]}"#, "EC2", INSTANCE, UNCLEAR),
    ];
    let opt_ins = |service| [opted_in_but(&[]), opted_in_but(&[service]), OptIn::Unread];
    for (source, json, service, arn, answers) in cases {
        let resource = Resource::new(service, arn, &[("a", "b")]);
        for (opt_in, answer) in opt_ins(service).iter().zip(answers) {
            for (plan, account, management) in
                [("p-1", opt_in, &OptIn::Unread), ("orgs/p-1", &OptIn::Unread, opt_in)]
            {
                let settings = Settings { opt_in: account, management_opt_in: management };
                let (selection, _) = Selection::new(id(ACCOUNT, REGION, plan), &body(json));
                let covered = explain(&selection, &resource.candidate(), &settings).covered();
                assert_eq!(covered, answer, "{json} {service} {plan} {opt_in:?} ({source})");
                let second =
                    oracle::covers(selection.id(), Some(&body(json)), &resource.candidate(), &settings);
                assert_eq!(second, answer, "{json}: the second implementation");
            }
        }
    }
}

#[test]
fn the_management_account_decides_for_plans_of_the_organization() {
    let json =
        r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let tagged = || volume(&[("a", "b")]);
    let (all, no_volumes) = (opted_in_but(&[]), opted_in_but(&["EBS"]));
    let by = || By("ListOfTags `a` = `b`");
    let organization = "orgs/5cdb1d4c";
    check(&case("opted in above", ACCOUNTS, json, tagged(), by()), organization, &no_volumes, &all);
    check(
        &case(
            "opted out above",
            ACCOUNTS,
            json,
            tagged(),
            Not(
                "ListOfTags `a` = `b` needs the opt-in of `EBS`, which the management account's Region settings do not give",
            ),
        ),
        organization,
        &all,
        &no_volumes,
    );
    check(
        &case(
            "not known above",
            ACCOUNTS,
            json,
            tagged(),
            Open("the management account's Region settings could not be read, and they decide about `EBS`"),
        ),
        organization,
        &no_volumes,
        &OptIn::Unread,
    );
    check(
        &case(
            "a plan of the account's own",
            ACCOUNTS,
            json,
            tagged(),
            Not(
                "ListOfTags `a` = `b` needs the opt-in of `EBS`, which the account's Region settings do not give",
            ),
        ),
        "p-1",
        &no_volumes,
        &all,
    );
    let silent = OptIn::Read(BTreeMap::new());
    check(
        &case(
            "settings that do not name it",
            SILENT,
            json,
            tagged(),
            Open("the account's Region settings do not name `EBS`"),
        ),
        "p-1",
        &silent,
        &all,
    );
    let inst = r#"{"Resources": ["arn:aws:ec2:*:*:vol*"]}"#;
    check(
        &case(
            "half a type",
            SILENT,
            inst,
            tagged(),
            Open(
                "Resources `arn:aws:ec2:*:*:vol*` cannot be decided: AWS does not say whether that names a resource type, and `EBS` is not opted in",
            ),
        ),
        "p-1",
        &no_volumes,
        &all,
    );
}
