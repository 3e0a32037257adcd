//! Which accounts and Regions are asked, and which operations; what that takes, as an IAM policy and in words.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::collect::question::{QUESTIONS, Question, Scope};
use crate::model::{AccountId, Region};

/// Which accounts are asked.
#[derive(Clone, Debug)]
pub enum Accounts {
    /// The credentials' own.
    Own,
    /// All of the organization that are not suspended.
    All,
    /// These.
    These(Vec<AccountId>),
    /// Those in these organizational units or roots, and in the units within.
    Under(Vec<String>),
}

/// Which Regions are asked in each account.
#[derive(Clone, Debug)]
pub enum Regions {
    /// That of the environment or profile.
    OfSession,
    /// Those the account may use.
    Enabled,
    /// All there are.
    All,
    /// These.
    These(BTreeSet<Region>),
}

/// What is asked, of whom.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The accounts.
    pub accounts: Accounts,
    /// The Regions in each.
    pub regions: Regions,
    /// The role to assume in every account but the credentials' own.
    pub role: Option<String>,
    /// The operations; `None` for all there are.
    pub only: Option<BTreeSet<&'static str>>,
}

/// A text that names no accounts or Regions to ask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AskedError(String);

impl Accounts {
    /// Reads `all`, `own`, or ids joined by commas; without any, the accounts of these units, else the own one.
    pub fn parse(text: Option<&str>, units: &[String]) -> Result<Self, AskedError> {
        match text.map(str::trim) {
            Some(_) if !units.is_empty() => Err(AskedError(
                "both accounts and organizational units are given; give one of them".to_owned(),
            )),
            Some("all") => Ok(Self::All),
            Some("own") => Ok(Self::Own),
            Some(ids) => list(ids).map(Self::These),
            None if units.is_empty() => Ok(Self::Own),
            None => Ok(Self::Under(units.to_vec())),
        }
    }
}

impl Regions {
    /// Reads `all`, `enabled`, or codes joined by commas; without any, the Region of the session.
    pub fn parse(text: Option<&str>) -> Result<Self, AskedError> {
        let codes: BTreeSet<Region> = match text.map(str::trim) {
            None => return Ok(Self::OfSession),
            Some("all") => return Ok(Self::All),
            Some("enabled") => return Ok(Self::Enabled),
            Some(codes) => list(codes)?.into_iter().collect(),
        };
        if codes.iter().any(Region::is_global) {
            return Err(AskedError("`global` is no Region; what is not regional is always asked".to_owned()));
        }
        Ok(Self::These(codes))
    }
}

fn list<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Vec<T>, AskedError> {
    let parsed = text.split(',').map(|it| it.trim().parse());
    parsed.collect::<Result<_, _>>().map_err(|error: T::Err| AskedError(error.to_string()))
}

impl Asked {
    /// Asks so; what says which accounts and Regions there are is asked in any case.
    pub fn new(
        accounts: Accounts,
        regions: Regions,
        role: Option<String>,
        only: Option<BTreeSet<&'static str>>,
    ) -> Self {
        let mut asked = Self { accounts, regions, role, only };
        let naming = asked.naming();
        if let Some(only) = &mut asked.only {
            only.extend(naming);
        }
        asked
    }

    /// The operations whose answers say which accounts and Regions there are to ask.
    pub fn naming(&self) -> Vec<&'static str> {
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
    pub fn policy(&self) -> serde_json::Value {
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
    pub fn describe(&self, output: &mut dyn Write) -> io::Result<()> {
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
