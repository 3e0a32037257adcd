//! Sets of callers as lists of limits ("principals whose `aws:PrincipalArn` is like …"), and what can be proved of them.
//! A comparison that is not provable is answered "no": sets are only narrowed or dropped on proof.

use serde::Serialize;

use super::arn::is_account;
use super::pattern::{Pattern, Token};
use super::resource::arn_pattern;

/// One property that callers must have to belong to a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// The condition key, or `Principal` or `NotPrincipal` when the element itself says so.
    pub key: String,
    /// The condition operator as the policy has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The principal, pattern or value as the policy has it.
    pub value: String,
    #[serde(skip)]
    pub(super) language: Language,
}

/// Callers who have all of these properties; without any limit: everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Group {
    /// The properties, in order of key and value.
    pub limits: Vec<Limit>,
}

/// What a limit speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The value of `aws:PrincipalArn`.
    PrincipalArn,
    /// The value of `aws:PrincipalAccount`.
    Account,
    /// The value of `aws:userid`.
    UserId,
    /// The value of `aws:PrincipalOrgID`.
    Organization,
    /// A value of `aws:PrincipalOrgPaths`.
    OrganizationPath,
    /// The value of `aws:PrincipalServiceName`.
    Service,
    /// The value of `aws:PrincipalIsAWSService`.
    IsService,
    /// The value of another key, in lower case.
    Other(String),
}

/// The values a limit admits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Language {
    pub(super) subject: Subject,
    /// Never narrower than the policy's meaning.
    pub(super) pattern: Pattern,
    /// Whether it is exactly the policy's meaning (no variable left open).
    pub(super) complete: bool,
    /// The partition, where an account is named with it.
    pub(super) partition: Option<String>,
    /// Whether AWS documents that callers so limited are treated as the policy says.
    pub(super) certain: bool,
}

/// How many steps of comparison one question may cost before sets are no longer narrowed.
pub(super) struct Budget(usize);

impl Budget {
    /// Enough for any policy AWS stores; well under a second.
    pub(super) fn new() -> Self {
        Self(20_000_000)
    }

    /// Whether the budget has been used up.
    pub(super) fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// Spends the whole budget.
    pub(super) fn give_up(&mut self) {
        self.0 = 0;
    }

    /// Whether every text of `inner` is certainly one of `outer`.
    fn covers(&mut self, outer: &Pattern, inner: &Pattern) -> bool {
        outer == inner || (self.take(outer, inner) && outer.covers(inner))
    }

    /// Whether certainly no text belongs to both.
    fn disjoint(&mut self, left: &Pattern, right: &Pattern) -> bool {
        left != right && self.take(left, right) && !left.intersects(right)
    }

    fn take(&mut self, left: &Pattern, right: &Pattern) -> bool {
        let both_literal = left.is_literal() && right.is_literal();
        let steps = if both_literal { 1 } else { (left.len() + 1).saturating_mul(right.len() + 1) / 4 };
        self.0 = self.0.saturating_sub(steps + 4);
        self.0 > 0
    }
}

impl Limit {
    /// Whether everyone within `self` is certainly within `other`.
    pub(super) fn implies(&self, other: &Self, budget: &mut Budget) -> bool {
        let (inner, outer) = (&self.language, &other.language);
        if !outer.complete || inner.is_elsewhere(outer) {
            return false;
        }
        if inner.subject == outer.subject {
            return budget.covers(&outer.pattern, &inner.pattern);
        }
        match outer.subject {
            Subject::Account => inner.account().is_some_and(|account| outer.pattern.covers(&account)),
            Subject::IsService => inner.subject == Subject::Service && outer.pattern.matches("true"),
            _ => false,
        }
    }

    /// Whether certainly no one is within both.
    pub(super) fn excludes(&self, other: &Self, budget: &mut Budget) -> bool {
        let (left, right) = (&self.language, &other.language);
        if left.is_elsewhere(right) {
            return true;
        }
        if left.subject == right.subject {
            return left.subject != Subject::OrganizationPath
                && budget.disjoint(&left.pattern, &right.pattern);
        }
        match (left.account(), right.account()) {
            (Some(left), Some(right)) => budget.disjoint(&left, &right),
            _ => false,
        }
    }

    /// Whether nobody can be within it: no caller has such a value.
    pub(super) fn is_dead(&self) -> bool {
        let pattern = &self.language.pattern;
        match self.language.subject {
            Subject::PrincipalArn => !caller_arns(None).iter().any(|arns| arns.intersects(pattern)),
            Subject::Account => !any_account().intersects(pattern),
            _ => false,
        }
    }

    /// Whether every caller is certainly within it.
    pub(super) fn is_everyone(&self, home: Option<Home<'_>>) -> bool {
        let language = &self.language;
        let admits_all = match (&language.subject, home) {
            (Subject::PrincipalArn, _) => self.covers_callers(home),
            (Subject::Account, Some(home)) => self.admits(home),
            (Subject::Account, None) => language.pattern.covers(&any_account()),
            (Subject::UserId, _) => language.pattern.covers(&Pattern::glob("*")),
            _ => false,
        };
        language.complete && language.certain && admits_all
    }

    /// Whether every caller might be within it.
    pub(super) fn may_be_everyone(&self, home: Option<Home<'_>>) -> bool {
        match self.language.subject {
            Subject::PrincipalArn => self.covers_callers(home),
            Subject::Account => home.is_none_or(|home| self.admits(home)),
            Subject::UserId => self.language.pattern.covers(&Pattern::glob("*")),
            Subject::Service | Subject::IsService => false,
            Subject::Organization | Subject::OrganizationPath | Subject::Other(_) => true,
        }
    }

    /// Whether someone whose request AWS Backup takes is, or can be made to be, within it and is treated so.
    pub(super) fn spares_someone(&self, home: Option<Home<'_>>) -> bool {
        let language = &self.language;
        let reachable = match language.subject {
            Subject::PrincipalArn => caller_arns(home).iter().any(|arns| arns.intersects(&language.pattern)),
            Subject::Account => home.is_some_and(|home| self.admits(home)),
            Subject::Organization | Subject::OrganizationPath => false,
            Subject::UserId | Subject::Service | Subject::IsService | Subject::Other(_) => true,
        };
        language.complete && language.certain && reachable
    }

    fn covers_callers(&self, home: Option<Home<'_>>) -> bool {
        caller_arns(home).iter().all(|arns| self.language.pattern.covers(arns))
    }

    fn admits(&self, home: Home<'_>) -> bool {
        let partition = self.language.partition.as_deref();
        self.language.pattern.matches(home.account)
            && partition.is_none_or(|partition| partition == home.partition)
    }
}

impl Language {
    /// Whether both name a partition and not the same one; what names none is in the policy's own.
    fn is_elsewhere(&self, other: &Self) -> bool {
        if self.partition.is_none() && other.partition.is_none() {
            return false;
        }
        let partition = |language: &Self| match language.subject {
            Subject::PrincipalArn => language.pattern.segment(1)?.as_literal(),
            _ => language.partition.clone(),
        };
        matches!((partition(self), partition(other)), (Some(left), Some(right)) if left != right)
    }

    /// The accounts that callers within it can belong to, where that shows.
    fn account(&self) -> Option<Pattern> {
        match self.subject {
            Subject::Account => Some(self.pattern.clone()),
            Subject::PrincipalArn => self.pattern.segment(4),
            // The root user's unique id is the account id ("Principal key values").
            Subject::UserId => {
                self.pattern.as_literal().filter(|id| is_account(id)).map(|_| self.pattern.clone())
            }
            _ => None,
        }
    }
}

impl Group {
    /// The group of one limit.
    pub(super) fn of(limit: Limit) -> Self {
        Self { limits: vec![limit] }
    }

    /// Whether everyone in the group is certainly within the limit.
    pub(super) fn implies(&self, limit: &Limit, budget: &mut Budget) -> bool {
        self.limits.iter().any(|own| own.implies(limit, budget))
    }

    /// Whether certainly no one in the group is within the limit.
    pub(super) fn excludes(&self, limit: &Limit, budget: &mut Budget) -> bool {
        self.limits.iter().any(|own| own.excludes(limit, budget))
    }

    /// Those of the group who are within the limit as well; none when certainly nobody is.
    pub(super) fn within(&self, limit: &Limit, budget: &mut Budget) -> Option<Self> {
        if self.excludes(limit, budget) {
            return None;
        }
        if self.implies(limit, budget) || self.limits.len() >= MAX_LIMITS {
            return Some(self.clone());
        }
        let mut limits: Vec<Limit> =
            self.limits.iter().filter(|own| !limit.implies(own, budget)).cloned().collect();
        limits.push(limit.clone());
        limits.sort();
        Some(Self { limits })
    }
}

/// A group is not narrowed beyond this many properties.
const MAX_LIMITS: usize = 6;

/// The one account whose requests AWS Backup takes.
#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) partition: &'a str,
    pub(super) account: &'a str,
}

/// The ARNs that `aws:PrincipalArn` can be ("AWS global condition context keys"); never a role session's.
fn caller_arns(home: Option<Home<'_>>) -> [Pattern; 4] {
    let Home { partition, account } = home.unwrap_or(Home { partition: "*", account: "*" });
    [
        arn_pattern(&format!("arn:{partition}:iam::{account}:root")),
        arn_pattern(&format!("arn:{partition}:iam::{account}:user/*")),
        arn_pattern(&format!("arn:{partition}:iam::{account}:role/*")),
        arn_pattern(&format!("arn:{partition}:sts::{account}:federated-user/*")),
    ]
}

fn any_account() -> Pattern {
    Pattern::new([Token::One { colon: false }; 12])
}
