//! A request to be decided: who asks for what, and what is known of its context.
//! From the principal follows what IAM documents to follow from it, and nothing else.

use std::collections::BTreeMap;

use super::VaultPolicyError;
use super::arn::Arn;
use super::condition_key::canonical_key;
use super::pattern::Pattern;
use super::principal::{Identity, Principal};
use super::resource::arn_pattern;

/// Longest principal, resource, key or value that is read, in bytes; an ARN has at most 2,048.
const MAX_TEXT_BYTES: usize = 4_096;

/// What is known of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The request does not carry it.
    Absent,
    /// Its values.
    Values(Vec<String>),
    /// One value, within one of these patterns.
    Within(Vec<Pattern>),
}

/// What is known of a request's condition keys; a key that was not stated is unknown, not absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    facts: BTreeMap<String, Fact>,
}

/// A request to AWS Backup, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub(super) principal: Option<Principal>,
    pub(super) action: String,
    pub(super) resource: Option<String>,
    pub(super) context: Context,
}

impl Context {
    /// Takes `key=value` (once more for each further value of the key) or `!key` for a key the request does not carry.
    pub fn state(&mut self, text: &str) -> Result<(), VaultPolicyError> {
        let stated = match (text.strip_prefix('!'), text.split_once('=')) {
            (Some(key), _) => Some((key, None)),
            (None, Some((key, value))) => Some((key, Some(value))),
            (None, None) => None,
        };
        match stated {
            Some((key, value)) if is_plausible(key) && text.len() <= MAX_TEXT_BYTES => {
                match value {
                    Some(value) => self.add(key, value),
                    None => self.set_absent(key),
                }
                Ok(())
            }
            _ => Err(VaultPolicyError::Context { text: shortened(text) }),
        }
    }

    /// Adds a value of the key.
    pub fn add(&mut self, key: &str, value: &str) {
        match self.facts.entry(key.to_ascii_lowercase()).or_insert(Fact::Absent) {
            Fact::Values(values) => values.push(value.to_owned()),
            fact => *fact = Fact::Values(vec![value.to_owned()]),
        }
    }

    /// States that the request does not carry the key.
    pub fn set_absent(&mut self, key: &str) {
        self.facts.insert(key.to_ascii_lowercase(), Fact::Absent);
    }

    pub(super) fn fact(&self, key: &str) -> Option<&Fact> {
        self.facts.get(&key.to_ascii_lowercase())
    }

    /// Keeps what is stated over what is derived.
    fn with_derived(mut self, derived: Vec<(&str, Fact)>) -> Self {
        for (key, fact) in derived {
            self.facts.entry(key.to_ascii_lowercase()).or_insert(fact);
        }
        self
    }
}

impl Request {
    /// A request for `action` (`backup:DeleteRecoveryPoint`) by `principal`, an ARN or the name of a service.
    ///
    /// For an action on recovery points the ARN of a vault as `resource` means some recovery point in that vault.
    pub fn new(
        principal: Option<&str>,
        action: &str,
        resource: Option<&str>,
        context: Context,
    ) -> Result<Self, VaultPolicyError> {
        let principal = match principal {
            Some(text) if text.len() > MAX_TEXT_BYTES => {
                return Err(VaultPolicyError::Principal {
                    reason: format!("`{}` is too long", shortened(text)),
                });
            }
            Some(text) => {
                Some(Principal::from_caller(text).map_err(|reason| VaultPolicyError::Principal { reason })?)
            }
            None => None,
        };
        if !is_action(action) {
            return Err(VaultPolicyError::Action { text: shortened(action) });
        }
        if let Some(resource) = resource
            && (Arn::parse(resource).is_none() || resource.len() > MAX_TEXT_BYTES)
        {
            return Err(VaultPolicyError::Resource { text: shortened(resource) });
        }
        let derived = principal.as_ref().map(derived_facts).unwrap_or_default();
        Ok(Self {
            principal,
            action: action.to_owned(),
            resource: resource.map(str::to_owned),
            context: context.with_derived(derived),
        })
    }
}

/// "AWS global condition context keys" and "Principal key values" in the IAM User Guide.
fn derived_facts(principal: &Principal) -> Vec<(&'static str, Fact)> {
    let one = |value: &str| Fact::Values(vec![value.to_owned()]);
    if let Principal::Service(name) = principal {
        return vec![("aws:PrincipalIsAWSService", one("true")), ("aws:PrincipalServiceName", one(name))];
    }
    let mut facts = vec![
        ("aws:PrincipalIsAWSService", one("false")),
        ("aws:PrincipalServiceName", Fact::Absent),
        ("aws:PrincipalServiceNamesList", Fact::Absent),
    ];
    let mut add = |arn: Fact, account: &str, kind: &str, username: Fact| {
        facts.push(("aws:PrincipalArn", arn));
        facts.push(("aws:PrincipalAccount", one(account)));
        facts.push(("aws:PrincipalType", one(kind)));
        facts.push(("aws:username", username));
    };
    match principal {
        Principal::Account { partition, account } => {
            let partition = partition.as_deref().unwrap_or("aws");
            add(one(&format!("arn:{partition}:iam::{account}:root")), account, "Account", Fact::Absent);
            facts.push(("aws:userid", one(account)));
        }
        Principal::User(user) => {
            add(one(&user.arn("iam", "user")), &user.account, "User", one(user.name()));
        }
        Principal::Role(role) => {
            add(one(&role.arn("iam", "role")), &role.account, "AssumedRole", Fact::Absent)
        }
        Principal::Session { role, .. } => {
            add(Fact::Within(role_arns(role).to_vec()), &role.account, "AssumedRole", Fact::Absent);
        }
        Principal::Federated(user) => {
            add(one(&user.arn("sts", "federated-user")), &user.account, "FederatedUser", Fact::Absent);
            facts.push(("aws:userid", one(&format!("{}:{}", user.account, user.path))));
        }
        Principal::Service(_) => {}
    }
    facts
}

/// The ARNs a session's role can have: the session's ARN has lost the role's path.
pub(super) fn role_arns(role: &Identity) -> [Pattern; 2] {
    let head = format!("arn:{}:iam::{}:role/", role.partition, role.account);
    [Pattern::literal(&format!("{head}{}", role.name())), arn_pattern(&format!("{head}*/{}", role.name()))]
}

/// `service:Name` without wildcards.
pub(super) fn is_action(text: &str) -> bool {
    text.len() <= MAX_TEXT_BYTES
        && text.split_once(':').is_some_and(|(service, name)| {
            let service_fits = service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            !service.is_empty()
                && service_fits
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn is_plausible(key: &str) -> bool {
    canonical_key(key).split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
}

/// At most the first 100 characters, for messages.
pub(super) fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(100).collect();
    if characters.next().is_some() { format!("{head}…") } else { head }
}
