//! `backproof explain`: why a schedule, a selection or a vault policy means what backproof says it means.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ExitStatus, Failure};
use crate::collect::folder;
use crate::control::escape_controls;
use crate::facts::{CoverageAnswer, Facts};
use crate::schedule::Schedule;
use crate::vault_policy::{
    self, Context, Decision, Denial, DeniedTo, Group, Outcome, Request, SENSITIVE_ACTIONS, StatementRef,
    VaultPolicy,
};

#[derive(Debug, Subcommand)]
pub(super) enum ExplainCommand {
    /// When a rule runs next, and the longest time between two runs.
    ///
    /// JSON: {"next": [RFC3339…], "longestGapHours": 24}; longestGapHours is null where it does not keep running,
    /// and "problem" says why AWS would refuse it.
    Schedule {
        /// The expression, such as 'cron(0 5 ? * * *)'
        expression: String,
        /// An IANA time zone [default: UTC]
        #[arg(long, value_name = "TZ")]
        timezone: Option<String>,
        /// From when [default: now]
        #[arg(long, value_name = "RFC3339")]
        from: Option<Timestamp>,
        /// How many runs
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=10_000))]
        count: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Whether a resource is covered by a backup plan, by which selection and clause, or what came nearest.
    ///
    /// JSON: {"covered": true|false|null, "by": [{"planId", "planName", "selectionId", "selectionName", "via"}],
    /// "undecided": [{…, "unread"}], "nearest": [{…, "failed"}], "unread": [sentences]}
    Coverage {
        /// The folder of the inventory
        inventory: PathBuf,
        /// The ARN of the resource
        arn: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What a vault's access policy denies and allows, and which statement says so.
    ///
    /// Without --action: for each sensitive action to whom it is denied, and who outside the account may copy in.
    /// With one: {"decision": "deny"|"allow"|"none"|"undecided", "statements": [Sid or index], "dependsOn": [keys]};
    /// with several, a list of these with "action".
    VaultPolicy {
        /// The policy, or what `aws backup get-backup-vault-access-policy` prints
        file: PathBuf,
        /// Who asks: the ARN of a user, a role or a role session
        #[arg(long, value_name = "ARN")]
        principal: Option<String>,
        /// What is asked, such as backup:DeleteRecoveryPoint; may be given more than once
        #[arg(long = "action", value_name = "A")]
        actions: Vec<String>,
        /// On what: the ARN of a vault or recovery point
        #[arg(long, value_name = "ARN")]
        resource: Option<String>,
        /// A condition key and its value, or !key for one that is absent; may be given more than once
        #[arg(long = "context", value_name = "KEY=VALUE")]
        context: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &ExplainCommand, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    match command {
        ExplainCommand::Schedule { expression, timezone, from, count, json } => {
            let from = from.unwrap_or_else(Timestamp::now);
            schedule(expression, timezone.as_deref(), from, usize::from(*count), *json, stdout)
        }
        ExplainCommand::Coverage { inventory, arn, json } => coverage(inventory, arn, *json, stdout),
        ExplainCommand::VaultPolicy { file, principal, actions, resource, context, json } => {
            let policy = read_policy(file)?;
            if actions.is_empty() {
                return overview(&policy, resource.as_deref(), *json, stdout);
            }
            let mut stated = Context::default();
            for statement in context {
                stated.state(statement).map_err(|error| Failure::Message(format!("--context: {error}")))?;
            }
            let mut decisions = Vec::new();
            for action in actions {
                let request = Request::new(principal.as_deref(), action, resource.as_deref(), stated.clone());
                let request = request.map_err(|error| Failure::Message(error.to_string()))?;
                decisions.push((action.as_str(), vault_policy::decide(&policy, &request)));
            }
            decided(&decisions, *json, stdout)
        }
    }
}

fn print_json(value: &impl serde::Serialize, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    serde_json::to_writer(&mut *stdout, value).map_err(std::io::Error::from)?;
    writeln!(stdout)?;
    Ok(ExitStatus::Success)
}

fn schedule(
    expression: &str,
    timezone: Option<&str>,
    from: Timestamp,
    count: usize,
    as_json: bool,
    stdout: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let schedule = match Schedule::parse(Some(expression), timezone) {
        Ok(schedule) => schedule,
        Err(error) if as_json => {
            return print_json(
                &json!({ "next": [], "longestGapHours": null, "problem": error.to_string() }),
                stdout,
            );
        }
        Err(error) => {
            writeln!(stdout, "AWS Backup refuses it: {}", escape_controls(&error.to_string()))?;
            return Ok(ExitStatus::Success);
        }
    };
    let explanation = schedule.explain(from, count);
    if as_json {
        return print_json(&explanation, stdout);
    }
    writeln!(stdout, "{} in {}", schedule.expression(), schedule.timezone())?;
    match explanation.longest_gap_hours {
        Some(hours) => writeln!(stdout, "longest time between two runs: {hours} hours")?,
        None => writeln!(stdout, "it does not keep running, so it has no frequency")?,
    }
    if schedule.finer_than_hourly() {
        writeln!(stdout, "it runs more often than hourly, which AWS Backup refuses")?;
    }
    for run in &explanation.next {
        writeln!(stdout, "  {run}")?;
    }
    Ok(ExitStatus::Success)
}

fn coverage(
    inventory: &Path,
    arn: &str,
    as_json: bool,
    stdout: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let collected = folder::read(inventory, 1, Timestamp::MAX, &mut |_| {})
        .map_err(|error| Failure::Message(format!("`{}` cannot be read: {error}", inventory.display())))?;
    let facts = Facts::new(&collected.inventory, Timestamp::UNIX_EPOCH);
    let Some(answer) = facts.explain_coverage(arn) else {
        let message =
            "is not in the inventory, and its ARN does not say of which account, Region and type it is";
        return Err(Failure::Message(format!("`{}` {message}", escape_controls(arn))));
    };
    if as_json {
        return print_json(&answer, stdout);
    }
    told(&answer, stdout)?;
    Ok(ExitStatus::Success)
}

fn told(answer: &CoverageAnswer, stdout: &mut dyn Write) -> Result<(), Failure> {
    let verdict = match answer.covered {
        Some(true) => "covered",
        Some(false) => "not covered",
        None => "cannot be told",
    };
    writeln!(stdout, "{} in {}: {verdict}", escape_controls(&answer.arn), answer.place)?;
    let mut line = |plan: &str, selection: &str, what: &str, why: &str| {
        let (plan, selection, why) =
            (escape_controls(plan), escape_controls(selection), escape_controls(why));
        writeln!(stdout, "  plan {plan}, selection {selection} {what}{why}")
    };
    for by in &answer.explanation.by {
        line(&by.plan_name, &by.selection_name, "covers it by ", &by.via.to_string())?;
    }
    for by in &answer.explanation.undecided {
        let unread: Vec<String> = by.unread.iter().map(ToString::to_string).collect();
        line(&by.plan_name, &by.selection_name, "may cover it: ", &unread.join("; "))?;
    }
    for miss in &answer.explanation.nearest {
        line(&miss.plan_name, &miss.selection_name, "does not cover it: ", &miss.failed.to_string())?;
    }
    for unread in &answer.unread {
        writeln!(stdout, "  {}", escape_controls(unread))?;
    }
    Ok(())
}

fn read_policy(file: &Path) -> Result<VaultPolicy, Failure> {
    let failed = |why: String| Failure::Message(format!("`{}` {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let answer: Option<Value> = serde_json::from_str(&text).ok();
    let inner = answer.as_ref().and_then(|it| it.get("Policy")).and_then(Value::as_str);
    vault_policy::parse(inner.unwrap_or(&text)).map_err(|error| failed(format!("cannot be read: {error}")))
}

fn statements(statements: &[StatementRef]) -> String {
    let name = |it: &StatementRef| match it {
        StatementRef::Sid(sid) => escape_controls(sid),
        StatementRef::Index(index) => format!("[{index}]"),
    };
    match statements {
        [] => String::new(),
        [one] => format!(", by statement {}", name(one)),
        many => format!(", by statements {}", many.iter().map(name).collect::<Vec<_>>().join(", ")),
    }
}

fn decided(
    decisions: &[(&str, Decision)],
    as_json: bool,
    stdout: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    if as_json {
        if let [(_, decision)] = decisions {
            return print_json(decision, stdout);
        }
        let mut list = Vec::new();
        for (action, decision) in decisions {
            let mut value = serde_json::to_value(decision).map_err(std::io::Error::from)?;
            if let Some(members) = value.as_object_mut() {
                members.insert("action".to_owned(), Value::from(*action));
            }
            list.push(value);
        }
        return print_json(&list, stdout);
    }
    for (action, decision) in decisions {
        let outcome = match decision.decision {
            Outcome::Deny => "denied",
            Outcome::Allow => "allowed by this policy",
            Outcome::None => "no statement applies",
            Outcome::Undecided => "cannot be decided from this policy",
        };
        let depends = match decision.depends_on.as_slice() {
            [] => String::new(),
            keys => format!("; it depends on {}", escape_controls(&keys.join(", "))),
        };
        let by = statements(&decision.statements);
        writeln!(stdout, "{}: {outcome}{by}{depends}", escape_controls(action))?;
    }
    Ok(ExitStatus::Success)
}

fn overview(
    policy: &VaultPolicy,
    vault: Option<&str>,
    as_json: bool,
    stdout: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let denials: Vec<(&str, Denial)> =
        SENSITIVE_ACTIONS.iter().map(|it| (*it, vault_policy::denied_to(policy, it, vault))).collect();
    let account = vault.and_then(crate::model::Arn::parse).map_or("", |it| it.account);
    let outside = vault_policy::open_to_outside(policy, account);
    if as_json {
        let mut list = Vec::new();
        for (action, denial) in &denials {
            let mut value = serde_json::to_value(denial).map_err(std::io::Error::from)?;
            if let Some(members) = value.as_object_mut() {
                members.insert("action".to_owned(), Value::from(*action));
            }
            list.push(value);
        }
        let remarks: Vec<String> = policy.remarks().iter().map(ToString::to_string).collect();
        let whole = json!({ "denials": list, "copyIntoOpenTo": outside, "remarks": remarks });
        return print_json(&whole, stdout);
    }
    for (action, denial) in &denials {
        let to = match &denial.denied {
            DeniedTo::Everyone => "denied to everyone".to_owned(),
            DeniedTo::EveryoneBut { exempt } => format!("denied to everyone but {}", groups(exempt)),
            DeniedTo::Some { who } => format!("denied to {} only", groups(who)),
            DeniedTo::Nobody => "denied to nobody".to_owned(),
            DeniedTo::Undecidable { depends_on } if depends_on.is_empty() => {
                "cannot be decided from the policy".to_owned()
            }
            DeniedTo::Undecidable { depends_on } => {
                format!("cannot be decided from the policy; it depends on {}", depends_on.join(", "))
            }
        };
        writeln!(stdout, "{action}: {}{}", escape_controls(&to), statements(&denial.statements))?;
    }
    for open in &outside {
        let who = groups(std::slice::from_ref(&open.who));
        writeln!(stdout, "backup:CopyIntoBackupVault is open to {}", escape_controls(&who))?;
    }
    for remark in policy.remarks() {
        writeln!(stdout, "note: {}", escape_controls(&remark.to_string()))?;
    }
    Ok(ExitStatus::Success)
}

fn groups(groups: &[Group]) -> String {
    let one = |group: &Group| {
        let limits: Vec<String> =
            group.limits.iter().map(|limit| format!("{} {}", limit.key, limit.value)).collect();
        if limits.is_empty() { "anyone".to_owned() } else { limits.join(" and ") }
    };
    groups.iter().map(one).collect::<Vec<_>>().join(", ")
}
