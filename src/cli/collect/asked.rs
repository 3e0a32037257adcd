//! Which accounts and Regions are asked, and which operations; what that takes, as an IAM policy and in words.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::LiveArgs;
use crate::cli::Failure;
use crate::collect::question::{QUESTIONS, Question, Scope};
use crate::model::{AccountId, Region};

/// Which accounts are asked.
#[derive(Clone, Debug)]
pub(super) enum Accounts {
    Own,
    All,
    These(Vec<AccountId>),
    Under(Vec<String>),
}

/// Which Regions are asked in each account.
#[derive(Clone, Debug)]
pub(super) enum Regions {
    OfSession,
    Enabled,
    All,
    These(BTreeSet<Region>),
}

/// What is asked, of whom.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Asked {
    pub(super) accounts: Accounts,
    pub(super) regions: Regions,
    pub(super) role: Option<String>,
    pub(super) only: Option<BTreeSet<&'static str>>,
}

impl Asked {
    pub(in crate::cli) fn of(live: &LiveArgs, only: Option<BTreeSet<&'static str>>) -> Result<Self, Failure> {
        let accounts = match live.accounts.as_deref() {
            Some(_) if !live.ou.is_empty() => {
                return Err(message("--accounts and --ou: give one of them"));
            }
            Some("all") => Accounts::All,
            Some(ids) => Accounts::These(list(ids, "--accounts")?),
            None if live.ou.is_empty() => Accounts::Own,
            None => Accounts::Under(live.ou.clone()),
        };
        let regions = match live.regions.as_deref() {
            None => Regions::OfSession,
            Some("all") => Regions::All,
            Some("enabled") => Regions::Enabled,
            Some(codes) => Regions::These(list(codes, "--regions")?.into_iter().collect()),
        };
        if let Regions::These(codes) = &regions
            && codes.iter().any(Region::is_global)
        {
            return Err(message("--regions: `global` is no Region; what is not regional is always asked"));
        }
        let mut asked = Self { accounts, regions, role: live.assume_role.clone(), only };
        let naming = asked.naming();
        if let Some(only) = &mut asked.only {
            only.extend(naming);
        }
        Ok(asked)
    }

    /// The operations whose answers say which accounts and Regions there are to ask.
    pub(super) fn naming(&self) -> Vec<&'static str> {
        let mut names = match self.accounts {
            Accounts::Own | Accounts::These(_) => Vec::new(),
            Accounts::All => vec![ACCOUNTS],
            Accounts::Under(_) => vec!["organizations.list-roots", ACCOUNTS_OF_UNIT, UNITS_OF_UNIT],
        };
        if matches!(self.regions, Regions::Enabled | Regions::All) {
            names.push(DESCRIBE_REGIONS);
        }
        names
    }

    fn questions(&self) -> impl Iterator<Item = &'static Question> {
        QUESTIONS.iter().filter(|it| self.only.as_ref().is_none_or(|only| only.contains(it.name)))
    }

    /// The IAM policy that allows all of it and nothing else.
    pub(super) fn policy(&self) -> serde_json::Value {
        let actions: BTreeSet<&str> = self.questions().flat_map(Question::actions).collect();
        let mut statements =
            vec![serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })];
        if let Some(role) = &self.role {
            let resource = format!("arn:*:iam::*:role/{role}");
            statements.push(
                serde_json::json!({ "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": resource }),
            );
        }
        serde_json::json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// Every operation by where it is asked and of what.
    pub(super) fn describe(&self, output: &mut dyn Write) -> io::Result<()> {
        for (scope, heading) in [
            (Scope::Organization, "once, if the credentials' account manages an organization"),
            (Scope::Account, "once in every account"),
            (Scope::Region, "in every Region of every account"),
        ] {
            writeln!(output, "{heading}:")?;
            for question in self.questions().filter(|it| it.scope == scope) {
                match question.of {
                    [] => writeln!(output, "  {}", question.name)?,
                    of => {
                        writeln!(output, "  {} for each that is named by {}", question.name, of.join(", "))?
                    }
                }
            }
        }
        Ok(())
    }
}

pub(super) const DESCRIBE_REGIONS: &str = "ec2.describe-regions";
pub(super) const ACCOUNTS: &str = "organizations.list-accounts";
pub(super) const ACCOUNTS_OF_UNIT: &str = "organizations.list-accounts-for-parent";
pub(super) const UNITS_OF_UNIT: &str = "organizations.list-organizational-units-for-parent";
pub(super) fn message(text: &str) -> Failure {
    Failure::Message(text.to_owned())
}

fn list<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, option: &str) -> Result<Vec<T>, Failure> {
    let parsed = text.split(',').map(|it| it.trim().parse());
    parsed.collect::<Result<_, _>>().map_err(|error| Failure::Message(format!("{option}: {error}")))
}
