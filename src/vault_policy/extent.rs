//! Whom a statement speaks of, read off its `Principal` and those of its conditions that speak of the caller.
//! Conditions on anything else (network, time, tags of the resource, …) are only named as what the statement depends on.

use std::collections::BTreeSet;

use super::caller_limit::{entry_limit, limit, subject_of, value_limit};
use super::claim::Claim;
use super::condition_key::{PERMISSIONS_BOUNDARY, canonical_key, is_always_present, is_multivalued};
use super::decide::PRINCIPAL;
use super::limit::{Home, Limit, Subject};
use super::operator::{Comparison, Operator, SetOperator};
use super::pattern::Pattern;
use super::principal::Entry;
use super::statement::{Clause, Principals, Statement, StatementRef};
use super::template::Template;
use super::value::parse_bool;

/// Whom a statement speaks of.
pub(super) struct Extent<'a> {
    statement: &'a StatementRef,
    home: Option<Home<'a>>,
    exempt: Vec<Limit>,
    select: Vec<Select>,
    never: bool,
    /// What it depends on besides the caller.
    pub(super) depends_on: BTreeSet<String>,
}

struct Select {
    limits: Vec<Limit>,
    /// Also holds for callers without the key.
    or_missing: bool,
}

impl Select {
    /// Those of the limits that a caller can be within.
    fn live(&self) -> Vec<Limit> {
        self.limits.iter().filter(|limit| !limit.is_dead()).cloned().collect()
    }
}

/// What a statement certainly claims.
pub(super) enum Certain<'a> {
    /// It applies to these callers whatever else is learned.
    Claim(Claim<'a>),
    /// It applies to nobody.
    Nobody,
    /// Whether it applies is not decidable from the policy.
    Depends,
}

impl<'a> Extent<'a> {
    /// Reads a statement. `home` is the one account AWS Backup takes the action from, if there is only one and it is
    /// known; its callers are then everyone.
    pub(super) fn of(statement: &'a Statement, home: Option<Home<'a>>) -> Self {
        let mut extent = Self {
            statement: &statement.name,
            home,
            exempt: Vec::new(),
            select: Vec::new(),
            never: false,
            depends_on: BTreeSet::new(),
        };
        extent.add_principals(&statement.principals);
        for clause in &statement.clauses {
            let guarded = statement.clauses.iter().any(|other| requires_presence(other, &clause.key));
            extent.add_clause(clause, guarded);
        }
        extent
    }

    /// No more than the statement certainly says.
    pub(super) fn certain(&self) -> Certain<'a> {
        if self.never || self.spares_all() {
            return Certain::Nobody;
        }
        let mut select = Vec::new();
        for list in &self.select {
            let live = list.live();
            if live.is_empty() && !list.or_missing {
                return Certain::Nobody;
            }
            let known: Vec<Limit> = live.into_iter().filter(is_exact).collect();
            if !known.iter().any(|limit| limit.is_everyone(self.home)) {
                select.push(known);
            }
        }
        if !self.depends_on.is_empty() || select.iter().any(Vec::is_empty) {
            return Certain::Depends;
        }
        let exempt = self.exempt.iter().filter(|limit| !limit.is_dead()).cloned().collect();
        Certain::Claim(Claim { statement: self.statement, exempt, select })
    }

    /// No less than the statement may say, every condition on something else taken to hold.
    pub(super) fn possible(&self) -> Option<Claim<'a>> {
        if self.never || self.spares_all() {
            return None;
        }
        let mut select = Vec::new();
        for list in self.select.iter().filter(|list| !list.or_missing) {
            let live = list.live();
            if live.is_empty() {
                return None;
            }
            if !live.iter().any(|limit| limit.is_everyone(self.home)) {
                select.push(live);
            }
        }
        let exempt = self.exempt.iter().filter(|limit| is_exact(limit) && !limit.is_dead());
        Some(Claim { statement: self.statement, exempt: exempt.cloned().collect(), select })
    }

    /// As [`Self::possible`], with those who may be everyone taken to be everyone and those who may be nobody to be nobody.
    pub(super) fn at_most(&self) -> Option<Claim<'a>> {
        let mut claim = self.possible()?;
        claim.select.retain(|list| !list.iter().any(|limit| limit.may_be_everyone(self.home)));
        claim.exempt.retain(|limit| limit.spares_someone(self.home));
        Some(claim)
    }

    fn spares_all(&self) -> bool {
        self.exempt.iter().any(|limit| limit.is_everyone(None))
    }

    fn add_principals(&mut self, principals: &Principals) {
        if !principals.except && principals.members.iter().any(|member| member.entry == Entry::Everyone) {
            return;
        }
        let mut limits: Vec<Limit> =
            principals.members.iter().filter_map(|member| entry_limit(member, principals)).collect();
        if principals.except {
            if principals.members.iter().any(|member| member.entry == Entry::Everyone) {
                self.depends_on.insert(PERMISSIONS_BOUNDARY.to_owned());
            }
            self.exempt.append(&mut limits);
        } else if limits.is_empty() {
            self.never = true;
        } else {
            if !limits.iter().any(is_exact) {
                self.depends_on.insert(PRINCIPAL.to_owned());
            }
            self.select.push(Select { limits, or_missing: false });
        }
    }

    fn add_clause(&mut self, clause: &Clause, guarded: bool) {
        let depends = BTreeSet::from([clause.key.clone()]);
        let (Some(operator), Some(subject)) = (clause.operator, subject_of(&clause.key)) else {
            self.depends_on.extend(depends);
            return;
        };
        if clause.values.is_empty() {
            self.depends_on.extend(depends);
            return;
        }
        match operator.comparison {
            Comparison::Null => self.add_presence(clause, subject),
            Comparison::Bool if subject == Subject::IsService => self.add_is_service(clause),
            Comparison::Text | Comparison::TextAnyCase | Comparison::TextLike | Comparison::Arn => {
                self.add_matching(clause, operator, subject, guarded);
            }
            _ => self.depends_on.extend(depends),
        }
    }

    fn add_presence(&mut self, clause: &Clause, subject: Subject) {
        let wanted: BTreeSet<Option<bool>> =
            clause.values.iter().map(|value| parse_bool(value.text())).collect();
        let (absent, present) = (wanted.contains(&Some(true)), wanted.contains(&Some(false)));
        if wanted.contains(&None) {
            self.depends_on.insert(clause.key.clone());
            return;
        }
        if absent && present {
            return;
        }
        if is_always_present(&clause.key) {
            self.never |= absent;
            return;
        }
        let text = if absent { "true" } else { "false" };
        let limit = limit(clause, text, subject, Pattern::glob("*"), true);
        if absent {
            self.exempt.push(limit);
        } else {
            self.select.push(Select { limits: vec![limit], or_missing: false });
        }
    }

    fn add_is_service(&mut self, clause: &Clause) {
        let wanted: BTreeSet<Option<bool>> =
            clause.values.iter().map(|value| parse_bool(value.text())).collect();
        let services = limit(clause, "true", Subject::IsService, Pattern::literal("true"), true);
        match (wanted.contains(&Some(true)), wanted.contains(&Some(false)), wanted.contains(&None)) {
            (_, _, true) => {
                self.depends_on.insert(clause.key.clone());
            }
            (false, _, _) => self.exempt.push(services),
            (true, false, _) => self.select.push(Select { limits: vec![services], or_missing: false }),
            (true, true, _) => {}
        }
    }

    fn add_matching(&mut self, clause: &Clause, operator: Operator, subject: Subject, guarded: bool) {
        let multivalued = is_multivalued(&clause.key);
        let always = is_always_present(&clause.key);
        let undocumented = multivalued && operator.set.is_none();
        let holds_for_some = operator.negated && operator.set == Some(SetOperator::ForAnyValue);
        if undocumented || (holds_for_some && !always) {
            self.depends_on.insert(clause.key.clone());
            return;
        }
        let for_all = operator.set == Some(SetOperator::ForAllValues);
        let home = self.home.map(|home| home.account);
        let mut limits: Vec<Limit> = clause
            .values
            .iter()
            .filter_map(|value| value_limit(clause, operator, &subject, value, home))
            .collect();
        if operator.negated {
            self.exempt.append(&mut limits);
            return;
        }
        if for_all && multivalued {
            for limit in &mut limits {
                limit.language.complete = false;
            }
        }
        let or_missing = (operator.if_exists || for_all) && !always && !guarded;
        if limits.is_empty() && !or_missing {
            self.never = true;
        } else {
            if !limits.iter().any(is_exact) {
                self.depends_on.extend(what_is_open(clause));
            }
            self.select.push(Select { limits, or_missing });
        }
    }
}

/// Whether the clause holds only when the request carries the key.
fn requires_presence(clause: &Clause, key: &str) -> bool {
    let is_null = clause.operator.is_some_and(|operator| operator.comparison == Comparison::Null);
    is_null
        && clause.key.eq_ignore_ascii_case(key)
        && !clause.values.is_empty()
        && clause.values.iter().all(|value| parse_bool(value.text()) == Some(false))
}

/// What a clause without a usable value depends on: its variables, or else the key.
fn what_is_open(clause: &Clause) -> BTreeSet<String> {
    let variables: BTreeSet<String> =
        clause.values.iter().flat_map(Template::variables).map(canonical_key).collect();
    if variables.is_empty() { BTreeSet::from([clause.key.clone()]) } else { variables }
}

/// Whether the limit is exactly what the policy means, and AWS documents that it is.
fn is_exact(limit: &Limit) -> bool {
    limit.language.complete && limit.language.certain
}
