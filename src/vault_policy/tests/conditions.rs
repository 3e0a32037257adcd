//! Conditions, one operator at a time, as the only thing a `Deny` for everyone hinges on.

use super::{DELETE, ask, json, policy};

const OPERATORS: &str = "IAM User Guide, IAM JSON policy elements: Condition operators";
const SETS: &str = "IAM User Guide, Single-valued vs. multivalued context keys";
const LOGIC: &str = "IAM User Guide, Conditions with multiple context keys or values";
const VARIABLES: &str = "IAM User Guide, IAM policy elements: Variables and tags";
const SILENT: &str = "no page; must stay open";

/// Condition, context, answer, source.
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check_version(version: &str, (condition, known, expected, source): Case) {
    let policy = policy(&format!(
        r#"{{"Version": "{version}", "Statement": {{"Effect": "Deny", "Principal": "*", "Action": "{DELETE}",
            "Resource": "*", "Condition": {condition}}}}}"#
    ));
    let decision = ask(&policy, None, DELETE, known);
    let mut found = json(&decision.decision).replace('"', "");
    if !decision.depends_on.is_empty() {
        found = format!("{found} {}", decision.depends_on.join(" "));
    }
    assert_eq!(found, expected, "{condition} with {known}: {source}");
}

fn check(cases: &[Case]) {
    for case in cases {
        check_version("2012-10-17", *case);
    }
}

#[test]
fn strings_are_compared_exactly_or_with_wildcards() {
    check(&[
        (
            r#"{"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}"#,
            "aws:PrincipalTag/job-category=iamuser-admin",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}"#,
            "aws:PrincipalTag/job-category=dev-ops",
            "none",
            OPERATORS,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}"#,
            "!aws:PrincipalTag/job-category",
            "none",
            OPERATORS,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}"#,
            "",
            "undecided aws:PrincipalTag/job-category",
            OPERATORS,
        ),
        (r#"{"StringEquals": {"aws:username": "Bob"}}"#, "aws:username=bob", "none", OPERATORS),
        (r#"{"StringEquals": {"aws:username": "B*"}}"#, "aws:username=Bob", "none", OPERATORS),
        (r#"{"StringEqualsIgnoreCase": {"aws:username": "Bob"}}"#, "aws:username=bOB", "deny", OPERATORS),
        (r#"{"StringNotEqualsIgnoreCase": {"aws:username": "Bob"}}"#, "aws:username=bOB", "none", OPERATORS),
        (r#"{"StringLike": {"aws:username": "B*"}}"#, "aws:username=Bob", "deny", OPERATORS),
        (r#"{"StringLike": {"aws:username": "B?b"}}"#, "aws:username=Bob", "deny", OPERATORS),
        (r#"{"StringLike": {"aws:username": "B?"}}"#, "aws:username=Bob", "none", OPERATORS),
        (r#"{"StringLike": {"aws:username": "b*"}}"#, "aws:username=Bob", "none", OPERATORS),
        (r#"{"StringNotLike": {"aws:username": "B*"}}"#, "aws:username=Alice", "deny", OPERATORS),
        (r#"{"StringNotLike": {"aws:username": "B*"}}"#, "!aws:username", "deny", OPERATORS),
        (r#"{"StringEquals": {"AWS:UserName": "Bob"}}"#, "aws:username=Bob", "deny", VARIABLES),
    ]);
}

#[test]
fn several_values_are_or_and_negated_ones_nor() {
    check(&[
        (r#"{"StringEquals": {"aws:username": ["Ana", "Bob"]}}"#, "aws:username=Bob", "deny", LOGIC),
        (r#"{"StringEquals": {"aws:username": ["Ana", "Bob"]}}"#, "aws:username=Eve", "none", LOGIC),
        (r#"{"StringNotEquals": {"aws:username": ["Ana", "Bob"]}}"#, "aws:username=Bob", "none", LOGIC),
        (r#"{"StringNotEquals": {"aws:username": ["Ana", "Bob"]}}"#, "aws:username=Eve", "deny", LOGIC),
        (
            r#"{"StringEquals": {"aws:username": "Ana", "aws:PrincipalType": "User"}}"#,
            "aws:username=Ana & aws:PrincipalType=User",
            "deny",
            LOGIC,
        ),
        (
            r#"{"StringEquals": {"aws:username": "Ana", "aws:PrincipalType": "User"}}"#,
            "aws:username=Ana & aws:PrincipalType=Account",
            "none",
            LOGIC,
        ),
        (
            r#"{"StringEquals": {"aws:username": "Ana"}, "Bool": {"aws:SecureTransport": false}}"#,
            "aws:username=Ana & aws:SecureTransport=true",
            "none",
            LOGIC,
        ),
        (
            r#"{"StringEquals": {"aws:username": "Ana"}, "Bool": {"aws:SecureTransport": false}}"#,
            "aws:SecureTransport=true",
            "none",
            LOGIC,
        ),
        (
            r#"{"StringEquals": {"aws:username": "Ana"}, "Bool": {"aws:SecureTransport": false}}"#,
            "aws:username=Ana",
            "undecided aws:SecureTransport",
            LOGIC,
        ),
        (
            r#"{"StringEquals": {"aws:username": "Ana"}, "Bool": {"aws:SecureTransport": false}}"#,
            "",
            "undecided aws:SecureTransport aws:username",
            LOGIC,
        ),
        (r#"{}"#, "", "deny", LOGIC),
    ]);
}

#[test]
fn arns_are_compared_part_by_part() {
    let known =
        "aws:SourceArn=arn:aws:sns:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
    check(&[
        (
            r#"{"StringLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:finance/*"}}"#,
            known,
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:finance/*"}}"#,
            known,
            "none",
            OPERATORS,
        ),
        (
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:111122223333:finance/*"}}"#,
            known,
            "none",
            OPERATORS,
        ),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:store/*"}}"#, known, "deny", OPERATORS),
        (
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}"#,
            "aws:SourceArn=arn:aws:sns:us-west-2:123456789012:TOPIC-ID",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}"#,
            "aws:SourceArn=arn:aws:sns:us-west-2:777788889999:TOPIC-ID",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}"#,
            "!aws:SourceArn",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/adm*"}}"#,
            "aws:PrincipalArn=arn:aws:iam::111122223333:role/admin",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin"}}"#,
            "aws:PrincipalArn=arn:aws:iam::111122223333:role/admin",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}"#,
            "aws:PrincipalArn=arn:aws-cn:iam::111122223333:role/admin",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/admin"}}"#,
            "aws:PrincipalArn=arn:aws-cn:iam::111122223333:role/admin",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}"#,
            "!aws:PrincipalArn",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "*"}}"#,
            "aws:PrincipalArn=arn:aws:iam::111122223333:role/admin",
            "undecided",
            SILENT,
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "admin"}}"#,
            "aws:PrincipalArn=arn:aws:iam::111122223333:role/admin",
            "none",
            OPERATORS,
        ),
    ]);
}

#[test]
fn booleans_and_presence() {
    check(&[
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, "aws:SecureTransport=false", "deny", OPERATORS),
        (r#"{"Bool": {"aws:SecureTransport": false}}"#, "aws:SecureTransport=false", "deny", OPERATORS),
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, "aws:SecureTransport=true", "none", OPERATORS),
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, "!aws:SecureTransport", "none", OPERATORS),
        (r#"{"Bool": {"aws:SecureTransport": "no"}}"#, "aws:SecureTransport=false", "undecided", SILENT),
        (
            r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}"#,
            "!aws:MultiFactorAuthPresent",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}"#,
            "aws:MultiFactorAuthPresent=true",
            "none",
            OPERATORS,
        ),
        (r#"{"Null": {"aws:TokenIssueTime": "true"}}"#, "!aws:TokenIssueTime", "deny", OPERATORS),
        (
            r#"{"Null": {"aws:TokenIssueTime": true}}"#,
            "aws:TokenIssueTime=2026-01-01T00:00:00Z",
            "none",
            OPERATORS,
        ),
        (
            r#"{"Null": {"aws:TokenIssueTime": "false"}}"#,
            "aws:TokenIssueTime=2026-01-01T00:00:00Z",
            "deny",
            OPERATORS,
        ),
        (r#"{"Null": {"aws:TokenIssueTime": "false"}}"#, "!aws:TokenIssueTime", "none", OPERATORS),
        (r#"{"Null": {"aws:TokenIssueTime": "false"}}"#, "", "undecided aws:TokenIssueTime", OPERATORS),
        (
            r#"{"BinaryEquals": {"x:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}"#,
            "x:key=QmluYXJ5VmFsdWVJbkJhc2U2NA==",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"BinaryEquals": {"x:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}"#,
            "x:key=ASIAIOSFODNN7EXAMPLE",
            "none",
            OPERATORS,
        ),
    ]);
}

#[test]
fn if_exists_holds_without_the_key() {
    check(&[
        (
            r#"{"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}"#,
            "ec2:InstanceType=t1.micro",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}"#,
            "ec2:InstanceType=m2.micro",
            "none",
            OPERATORS,
        ),
        (
            r#"{"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}"#,
            "!ec2:InstanceType",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}"#,
            "!aws:PrincipalOrgID",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}"#,
            "aws:PrincipalOrgID=o-1",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": "o-1/*"}}"#,
            "!aws:PrincipalOrgPaths",
            "deny",
            OPERATORS,
        ),
    ]);
}

#[test]
fn sets_of_values() {
    check(&[
        (
            r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "aws:TagKeys=environment & aws:TagKeys=cost-center",
            "deny",
            SETS,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "aws:TagKeys=environment & aws:TagKeys=dept",
            "none",
            SETS,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "!aws:TagKeys",
            "deny",
            SETS,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment"]}, "Null": {"aws:TagKeys": "false"}}"#,
            "!aws:TagKeys",
            "none",
            SETS,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment"]}}"#,
            "aws:TagKeys=",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "aws:TagKeys=environment & aws:TagKeys=dept",
            "deny",
            SETS,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "aws:TagKeys=dept",
            "none",
            SETS,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}"#,
            "!aws:TagKeys",
            "none",
            SETS,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment"]}}"#,
            "aws:TagKeys=",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}"#,
            "aws:TagKeys=c & aws:TagKeys=d",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}"#,
            "aws:TagKeys=c & aws:TagKeys=b",
            "none",
            OPERATORS,
        ),
        (
            r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}"#,
            "aws:TagKeys=c & aws:TagKeys=b",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}"#,
            "aws:TagKeys=a & aws:TagKeys=b",
            "none",
            OPERATORS,
        ),
        (r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}"#, "!aws:TagKeys", "none", SETS),
        (
            r#"{"StringEquals": {"aws:TagKeys": ["a"]}}"#,
            "aws:TagKeys=a & aws:TagKeys=b",
            "undecided aws:TagKeys",
            SILENT,
        ),
        (
            r#"{"StringEquals": {"aws:TagKeys": ["a"]}}"#,
            "aws:TagKeys=c & aws:TagKeys=b",
            "none",
            "any reading says so",
        ),
    ]);
}

#[test]
fn numbers_dates_and_addresses() {
    check(&[
        (
            r#"{"NumericLessThanEquals": {"backup:MinRetentionDays": "10"}}"#,
            "backup:MinRetentionDays=10",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"NumericLessThan": {"backup:MinRetentionDays": 10}}"#,
            "backup:MinRetentionDays=10",
            "none",
            OPERATORS,
        ),
        (
            r#"{"NumericLessThan": {"backup:MinRetentionDays": 10}}"#,
            "backup:MinRetentionDays=9.5",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"NumericGreaterThanEquals": {"backup:MinRetentionDays": "10"}}"#,
            "backup:MinRetentionDays=9",
            "none",
            OPERATORS,
        ),
        (
            r#"{"NumericGreaterThan": {"backup:MinRetentionDays": "10"}}"#,
            "backup:MinRetentionDays=11",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"NumericEquals": {"backup:MinRetentionDays": "7"}}"#,
            "backup:MinRetentionDays=7.0",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"NumericNotEquals": {"backup:MinRetentionDays": ["7", "8"]}}"#,
            "backup:MinRetentionDays=8",
            "none",
            OPERATORS,
        ),
        (
            r#"{"NumericNotEquals": {"backup:MinRetentionDays": "7"}}"#,
            "!backup:MinRetentionDays",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"NumericEquals": {"backup:MinRetentionDays": "many"}}"#,
            "backup:MinRetentionDays=7",
            "undecided",
            SILENT,
        ),
        (
            r#"{"NumericEquals": {"backup:MinRetentionDays": "9007199254740993"}}"#,
            "backup:MinRetentionDays=9007199254740992",
            "undecided",
            SILENT,
        ),
        (
            r#"{"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}"#,
            "aws:TokenIssueTime=2020-01-01T00:00:02Z",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}"#,
            "aws:TokenIssueTime=2020-01-01T00:00:01Z",
            "none",
            OPERATORS,
        ),
        (
            r#"{"DateLessThanEquals": {"aws:CurrentTime": "2020-01-01T02:00:00+02:00"}}"#,
            "aws:CurrentTime=2020-01-01T00:00:00Z",
            "deny",
            OPERATORS,
        ),
        (r#"{"DateLessThan": {"aws:EpochTime": 1577836801}}"#, "aws:EpochTime=1577836800", "deny", OPERATORS),
        (
            r#"{"DateEquals": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#,
            "aws:CurrentTime=1577836800",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"DateNotEquals": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#,
            "aws:CurrentTime=1577836800",
            "none",
            OPERATORS,
        ),
        (
            r#"{"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}"#,
            "aws:CurrentTime=1577836800",
            "undecided",
            SILENT,
        ),
        (
            r#"{"DateLessThan": {"aws:CurrentTime": "2020"}}"#,
            "aws:CurrentTime=1577836800",
            "undecided",
            SILENT,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#,
            "aws:SourceIp=203.0.113.1",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#,
            "aws:SourceIp=198.51.100.1",
            "none",
            OPERATORS,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}"#,
            "aws:SourceIp=2001:db8:1234:5678::9",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}"#,
            "aws:SourceIp=2001:db8:1234:5679::9",
            "none",
            OPERATORS,
        ),
        (r#"{"IpAddress": {"aws:SourceIp": "203.0.113.7"}}"#, "aws:SourceIp=203.0.113.7", "deny", OPERATORS),
        (r#"{"IpAddress": {"aws:SourceIp": "203.0.113.7"}}"#, "aws:SourceIp=203.0.113.8", "none", OPERATORS),
        (
            r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#,
            "aws:SourceIp=203.0.113.8",
            "none",
            OPERATORS,
        ),
        (r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#, "!aws:SourceIp", "deny", OPERATORS),
        (r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#, "aws:SourceIp=198.51.100.1", "deny", OPERATORS),
        (
            r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}"#,
            "aws:SourceIp=203.0.113.1",
            "undecided",
            SILENT,
        ),
        (r#"{"IpAddress": {"aws:SourceIp": "2001:db8::1"}}"#, "aws:SourceIp=2001:db8::1", "deny", OPERATORS),
        (
            r#"{"IpAddress": {"aws:SourceIp": "2001:db8::1"}}"#,
            "aws:SourceIp=2001:db8::2",
            "undecided",
            SILENT,
        ),
        (r#"{"IpAddress": {"aws:SourceIp": "2001:db8::1"}}"#, "aws:SourceIp=2001:db9::2", "none", OPERATORS),
    ]);
}

#[test]
fn variables_take_the_value_of_the_request() {
    check(&[
        (
            r#"{"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/"]}}"#,
            "aws:username=ana & s3:prefix=home/ana/",
            "deny",
            OPERATORS,
        ),
        (
            r#"{"StringLike": {"s3:prefix": ["home/${aws:username}/"]}}"#,
            "aws:username=ana & s3:prefix=home/bob/",
            "none",
            OPERATORS,
        ),
        (
            r#"{"StringLike": {"s3:prefix": ["home/${aws:username}/"]}}"#,
            "!aws:username & s3:prefix=home//",
            "none",
            OPERATORS,
        ),
        (
            r#"{"StringNotEquals": {"x:Team": "${aws:PrincipalTag/Team}"}}"#,
            "x:Team=red & !aws:PrincipalTag/Team",
            "deny",
            VARIABLES,
        ),
        (
            r#"{"StringNotEquals": {"x:Team": "${aws:PrincipalTag/Team}"}}"#,
            "x:Team=red & aws:principaltag/Team=red",
            "none",
            VARIABLES,
        ),
        (
            r#"{"StringEquals": {"x:Team": "${aws:PrincipalTag/Team, 'company-wide'}"}}"#,
            "x:Team=company-wide & !aws:PrincipalTag/Team",
            "deny",
            VARIABLES,
        ),
        (
            r#"{"StringEquals": {"x:Team": "${aws:PrincipalTag/Team, 'company-wide'}"}}"#,
            "x:Team=company-wide & aws:PrincipalTag/Team=red",
            "none",
            VARIABLES,
        ),
        (
            r#"{"StringEquals": {"x:Team": "${aws:PrincipalTag/Team}"}}"#,
            "x:Team=red",
            "undecided aws:PrincipalTag/Team",
            VARIABLES,
        ),
        (r#"{"StringEquals": {"x:Team": "a-${aws:PrincipalTag/Team}"}}"#, "x:Team=b-red", "none", VARIABLES),
        (
            r#"{"StringLike": {"x:Team": "${aws:PrincipalTag/Team}"}}"#,
            "x:Team=red & aws:PrincipalTag/Team=*",
            "none",
            VARIABLES,
        ),
        (r#"{"StringLike": {"x:Team": "a${*}b"}}"#, "x:Team=a*b", "deny", VARIABLES),
        (r#"{"StringLike": {"x:Team": "a${*}b"}}"#, "x:Team=axb", "none", VARIABLES),
        (r#"{"StringLike": {"x:Team": "a${?}${$}b*"}}"#, "x:Team=a?$bc", "deny", VARIABLES),
        (
            r#"{"StringEquals": {"x:Team": "${aws:TagKeys}"}}"#,
            "x:Team=a & aws:TagKeys=a & aws:TagKeys=b",
            "undecided aws:TagKeys",
            VARIABLES,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalOrgID": "${data.aws_organizations_organization.org.id}"}}"#,
            "aws:PrincipalOrgID=o-1",
            "undecided data.aws_organizations_organization.org.id",
            SILENT,
        ),
        (r#"{"StringEquals": {"x:Team": "$5 ${unclosed"}}"#, "x:Team=$5 off", "undecided unclosed", SILENT),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/admin"}}"#,
            "aws:PrincipalArn=arn:aws:iam::111122223333:role/admin & aws:PrincipalAccount=111122223333",
            "deny",
            VARIABLES,
        ),
        (
            r#"{"Bool": {"aws:SecureTransport": "${aws:MultiFactorAuthPresent}"}}"#,
            "aws:SecureTransport=true & aws:MultiFactorAuthPresent=true",
            "undecided",
            "the two pages contradict each other",
        ),
    ]);
}

#[test]
fn variables_are_plain_text_in_the_old_version() {
    for case in [
        (r#"{"StringEquals": {"aws:username": "${aws:username}"}}"#, "aws:username=ana", "none", VARIABLES),
        (
            r#"{"StringEquals": {"aws:username": "${aws:username}"}}"#,
            "aws:username=${aws:username}",
            "deny",
            VARIABLES,
        ),
        (r#"{"StringLike": {"x:Team": "a${*}b"}}"#, "x:Team=a${anything}b", "deny", VARIABLES),
    ] {
        check_version("2008-10-17", case);
    }
}

#[test]
fn what_aws_does_not_document_stays_open() {
    check(&[
        (
            r#"{"StringMatches": {"aws:username": "Bob"}}"#,
            "aws:username=Bob",
            "undecided aws:username",
            SILENT,
        ),
        (
            r#"{"stringequals": {"aws:username": "Bob"}}"#,
            "aws:username=Eve",
            "undecided aws:username",
            SILENT,
        ),
        (
            r#"{"NullIfExists": {"aws:username": "true"}}"#,
            "aws:username=Eve",
            "undecided aws:username",
            SILENT,
        ),
        (
            r#"{"ForSomeValues:StringEquals": {"aws:username": "Bob"}}"#,
            "aws:username=Eve",
            "undecided aws:username",
            SILENT,
        ),
        (r#"{"StringEquals": {"aws:username": []}}"#, "aws:username=Bob", "undecided aws:username", SILENT),
        (r#"{"StringEquals": {"acme:NoSuchKey": "x"}}"#, "", "undecided acme:NoSuchKey", SILENT),
        (
            r#"{"StringMatches": {"aws:username": "Bob"}, "Bool": {"aws:SecureTransport": "true"}}"#,
            "aws:SecureTransport=false",
            "none",
            LOGIC,
        ),
    ]);
}
