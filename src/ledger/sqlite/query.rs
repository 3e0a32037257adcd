//! Filters as SQL; every value is bound, none is written into a statement.

use jiff::Timestamp;

use super::text;
use crate::ledger::store::{Filter, StandingFilter, Whose};

/// The order in which records are handed out.
pub(super) const GRAVEST_FIRST: &str =
    "CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END";

/// The condition of a filter, with the values to bind.
pub(super) fn condition(filter: &Filter) -> (String, Vec<String>) {
    let mut conditions = vec![match filter.standing {
        StandingFilter::Open => "state <> 'resolved'".to_owned(),
        StandingFilter::Resolved => "state = 'resolved'".to_owned(),
        StandingFilter::All => "TRUE".to_owned(),
    }];
    let mut values = Vec::new();
    let mut among = |column: &str, wanted: Vec<String>| {
        if !wanted.is_empty() {
            conditions.push(format!("{column} IN ({})", vec!["?"; wanted.len()].join(", ")));
            values.extend(wanted);
        }
    };
    among("control", filter.controls.clone());
    among("account", filter.accounts.iter().map(ToString::to_string).collect());
    among("region", filter.regions.iter().map(ToString::to_string).collect());
    among("severity", filter.severities.iter().map(ToString::to_string).collect());
    if !filter.resources.is_empty() {
        let one = "instr(resource, ?) OR instr(resource_name, ?)";
        conditions.push(format!("({})", vec![one; filter.resources.len()].join(" OR ")));
        values.extend(filter.resources.iter().flat_map(|it| [it.clone(), it.clone()]));
    }
    (conditions.join(" AND "), values)
}

/// The condition of a piece of history, with the values to bind; scopes are for the reader to tell apart.
pub(super) fn past(of: Whose<'_>, since: Option<Timestamp>) -> (String, Vec<String>) {
    let mut conditions = vec!["TRUE"];
    let mut values = Vec::new();
    if let Whose::Of(key) = of {
        conditions.push("history.id = ?");
        values.push(key.id().as_str().to_owned());
    }
    if let Some(since) = since {
        conditions.push("history.at >= ?");
        values.push(text(since));
    }
    (conditions.join(" AND "), values)
}
