//! Condition keys: their spelling, and what is documented of the global ones ("AWS global condition context keys").
//! A key that is not listed here is still a key; nothing is assumed of it.

/// Stands in for the answer to "does the principal have a permissions boundary", which `NotPrincipal` depends on.
pub const PERMISSIONS_BOUNDARY: &str = "iam:PermissionsBoundary";

const KNOWN_KEYS: [&str; 47] = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:userid",
    "aws:username",
    "backup:ChangeableForDays",
    "backup:CopyTargetOrgPaths",
    "backup:CopyTargets",
    "backup:FrameworkArns",
    "backup:Index",
    "backup:MaxRetentionDays",
    "backup:MinRetentionDays",
    "backup:MpaApprovalTeamArn",
];

const TAG_PREFIXES: [&str; 3] = ["aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/"];

const MULTIVALUED: [&str; 10] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
    "backup:copytargetorgpaths",
    "backup:copytargets",
    "backup:frameworkarns",
];

/// Keys that every signed request carries; AWS Backup takes no unsigned ones ("Principal key values", last row).
const IN_EVERY_SIGNED_REQUEST: [&str; 5] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:userid",
];

/// The key as AWS spells it; key names ignore case.
pub(super) fn canonical_key(key: &str) -> String {
    if let Some(known) = KNOWN_KEYS.iter().find(|known| known.eq_ignore_ascii_case(key)) {
        return (*known).to_owned();
    }
    for prefix in TAG_PREFIXES {
        if let Some((head, tag)) = key.split_at_checked(prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            return format!("{prefix}{tag}");
        }
    }
    key.to_owned()
}

/// Whether a request may carry several values of the key, so that a set operator is needed.
pub(super) fn is_multivalued(key: &str) -> bool {
    MULTIVALUED.contains(&key.to_ascii_lowercase().as_str())
}

/// Whether the key is documented to be in every signed request.
pub(super) fn is_always_present(key: &str) -> bool {
    IN_EVERY_SIGNED_REQUEST.contains(&key.to_ascii_lowercase().as_str())
}

/// Whether a text inside `${…}` can be a condition key at all.
pub(super) fn is_key(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        let service_fits =
            !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        service_fits && !name.is_empty() && !name.starts_with(':')
    })
}
