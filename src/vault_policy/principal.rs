//! The members of `Principal` and `NotPrincipal`, and the callers they are held against.
//! Which of them AWS accepts is in the IAM User Guide, "AWS JSON policy elements: Principal".

use super::arn::{Arn, is_account};

/// One principal as a policy or a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// An account (`111122223333` or its root ARN in a policy), the root user in a request.
    Account {
        /// Absent when the policy gives the bare account id.
        partition: Option<String>,
        /// Twelve digits.
        account: String,
    },
    /// An IAM user.
    User(Identity),
    /// An IAM role; as a caller: some session of it.
    Role(Identity),
    /// One session of a role: the role's path is not part of its ARN.
    Session {
        /// Partition, account and name of the role.
        role: Identity,
        /// The session's name.
        session: String,
    },
    /// A session from `GetFederationToken`.
    Federated(Identity),
    /// An AWS service.
    Service(String),
}

/// Partition, account, and path with name of a user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// `aws`, `aws-cn`, …
    pub(super) partition: String,
    /// Twelve digits.
    pub(super) account: String,
    /// Path and name without the leading slash.
    pub(super) path: String,
}

impl Identity {
    /// The name without the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The ARN as a resource of this service and kind (`iam` `role`, `sts` `federated-user`, …).
    pub(super) fn arn(&self, service: &str, kind: &str) -> String {
        format!("arn:{}:{service}::{}:{kind}/{}", self.partition, self.account, self.path)
    }

    /// Whether both are in the same account of the same partition.
    pub(super) fn same_account(&self, other: &Self) -> bool {
        self.partition == other.partition && self.account == other.account
    }
}

/// One member of `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// `*`, bare or under `AWS`: the two are the same for AWS Backup, which takes no anonymous requests.
    Everyone,
    /// A principal by its ARN, account id or service name.
    Named(Principal),
    /// The unique id left when the user or role was deleted ("IAM role principals").
    UniqueId(String),
    /// An ARN with a wildcard, which AWS documents as not allowed; services refuse it or take it literally.
    PartialWildcard(String),
    /// `Federated`: speaks of the identity provider, which only a role's trust policy sees.
    Provider(String),
    /// `CanonicalUser`: documented for Amazon S3 only.
    CanonicalUser(String),
}

/// A member of a statement's principals with the text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As the policy has it.
    pub(super) text: String,
    /// What it means.
    pub(super) entry: Entry,
}

impl Principal {
    /// Reads the ARN of an account, user, role, role session or federated user; the error says what is wrong with it.
    pub(super) fn from_arn(text: &str) -> Result<Self, String> {
        let allowed =
            "allowed are the ARNs of an account's root, a user, a role, a role session and a federated user";
        let Some(arn) = Arn::parse(text) else {
            return Err(format!("`{text}` is not the ARN of a principal: {allowed}"));
        };
        if !arn.partition.starts_with("aws") {
            return Err(format!("`{text}` names the partition `{}`, which AWS does not have", arn.partition));
        }
        if !is_account(arn.account) {
            return Err(format!("`{text}` names the account `{}`; an account id has 12 digits", arn.account));
        }
        if !arn.region.is_empty() {
            return Err(format!("`{text}` has a Region; the ARN of a principal has none"));
        }
        let identity = |path: &str| Identity {
            partition: arn.partition.to_owned(),
            account: arn.account.to_owned(),
            path: path.to_owned(),
        };
        let (kind, path) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        match (arn.service, kind) {
            ("iam", "root") if arn.resource == "root" => Ok(Self::Account {
                partition: Some(arn.partition.to_owned()),
                account: arn.account.to_owned(),
            }),
            ("iam", "user") if is_path(path) => Ok(Self::User(identity(path))),
            ("iam", "role") if is_path(path) => Ok(Self::Role(identity(path))),
            ("sts", "federated-user") if is_path(path) => Ok(Self::Federated(identity(path))),
            ("sts", "assumed-role") => match path.split_once('/') {
                Some((role, session))
                    if !role.is_empty() && !session.is_empty() && !session.contains('/') =>
                {
                    Ok(Self::Session { role: identity(role), session: session.to_owned() })
                }
                _ => Err(format!(
                    "`{text}` names no session: a role session is `assumed-role/<role>/<session>`"
                )),
            },
            _ => Err(format!("`{text}` is not the ARN of a principal: {allowed}")),
        }
    }

    /// Reads who makes a request: as an ARN or, for an AWS service, by its name.
    pub(super) fn from_caller(text: &str) -> Result<Self, String> {
        if is_service(text) {
            return Ok(Self::Service(text.to_owned()));
        }
        if text.contains(['*', '?']) {
            return Err(format!("`{text}` has a wildcard; a request is made by one principal"));
        }
        if is_account(text) {
            return Err(format!(
                "`{text}` is an account, which makes no requests; give a principal's ARN, `arn:aws:iam::{text}:root` for the root user"
            ));
        }
        Self::from_arn(text)
    }
}

impl Named {
    /// Reads a member of the list under `kind` (`AWS`, `Service`, …); the error says what is wrong with it.
    pub(super) fn parse(kind: &str, text: &str) -> Result<Self, String> {
        let entry = match kind {
            "AWS" => entry_of_aws(text)?,
            "Service" if is_service(text) => Entry::Named(Principal::Service(text.to_owned())),
            "Service" => {
                return Err(format!(
                    "`{text}` is not a service: a service principal is `<service>.amazonaws.com`"
                ));
            }
            "Federated" => Entry::Provider(text.to_owned()),
            "CanonicalUser" => Entry::CanonicalUser(text.to_owned()),
            other => {
                return Err(format!(
                    "`{other}` is not a kind of principal; allowed are `AWS`, `Service`, `Federated` and `CanonicalUser`"
                ));
            }
        };
        Ok(Self { text: text.to_owned(), entry })
    }

    /// Everyone, written as a bare `*`.
    pub(super) fn everyone() -> Self {
        Self { text: "*".to_owned(), entry: Entry::Everyone }
    }
}

fn entry_of_aws(text: &str) -> Result<Entry, String> {
    if text == "*" {
        return Ok(Entry::Everyone);
    }
    if is_account(text) {
        return Ok(Entry::Named(Principal::Account { partition: None, account: text.to_owned() }));
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` has {} digits; an account id has 12", text.len()));
    }
    if is_unique_id(text) {
        return Ok(Entry::UniqueId(text.to_owned()));
    }
    if text.starts_with("arn:") && text.contains(['*', '?']) {
        return Ok(Entry::PartialWildcard(text.to_owned()));
    }
    if text.starts_with("arn:") {
        return Principal::from_arn(text).map(Entry::Named);
    }
    Err(format!(
        "`{text}` is not a principal: allowed are `*`, an account id of 12 digits, an ARN and a unique id"
    ))
}

fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.ends_with('/')
}

/// "Unique identifiers" in the IAM User Guide: four letters that tell the kind, then letters and digits.
fn is_unique_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && (text.starts_with("AROA") || text.starts_with("AIDA"))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_service(text: &str) -> bool {
    let name = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    })
}
