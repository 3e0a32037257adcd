//! What the template tells the functions, as environment variables.

use crate::survey::{Accounts, Regions};

use super::failure::Failure;

/// What the template tells the functions. A variable that is not needed by a function may be missing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `BUCKET`: where inventories and reports are.
    pub bucket: String,
    /// `CONFIG_BUCKET`: where custom controls are; empty for none.
    pub config_bucket: String,
    /// `CONFIG_PREFIX`: what their keys begin with.
    pub config_prefix: String,
    /// `TABLE`: the ledger.
    pub table: String,
    /// `TOPIC`: the ARN of the topic of alerts.
    pub topic: String,
    /// `FRAMEWORKS`: names joined by commas.
    pub frameworks: Vec<String>,
    /// `ACCOUNTS` and `ORGANIZATIONAL_UNITS`, `REGIONS`: what is swept.
    pub sweep: Target,
    /// `ROLE_NAME`: the role to assume in other accounts.
    pub role: Option<String>,
    /// `EXTERNAL_ID`: what its trust policy asks for.
    pub external_id: Option<String>,
    /// `JOB_DAYS`: jobs created in so many days.
    pub job_days: u16,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`: the function's own memory in MB.
    pub memory: u32,
    /// `SWEEP_MEMORY`: that of `sweep`.
    pub sweep_memory: u32,
    /// `RATE`: calls a second for each service in an account and Region.
    pub rate: u32,
}

/// Which accounts and Regions are swept, as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// `own`, `all` or ids joined by commas.
    pub accounts: String,
    /// Ids joined by commas, in place of accounts.
    pub organizational_units: String,
    /// `enabled`, `all` or codes joined by commas.
    pub regions: String,
}

impl Target {
    /// The accounts.
    pub fn accounts(&self) -> Result<Accounts, Failure> {
        let units = list(&self.organizational_units);
        let accounts =
            Some(self.accounts.as_str()).filter(|it| !it.is_empty() && (units.is_empty() || *it != "own"));
        Ok(Accounts::parse(accounts, &units)?)
    }

    /// The Regions.
    pub fn regions(&self) -> Result<Regions, Failure> {
        Ok(Regions::parse(Some(self.regions.as_str()).filter(|it| !it.is_empty()).or(Some("enabled")))?)
    }
}

/// What is between commas, without white space and what is empty.
pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

impl Environment {
    /// Reads it; an error names the variable, what it holds and what is allowed.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let text = |name: &str| variable(name).unwrap_or_default().trim().to_owned();
        let needed = |name: &str| match text(name) {
            it if it.is_empty() => {
                Err(Failure::Configuration(format!("the environment variable `{name}` is missing")))
            }
            it => Ok(it),
        };
        let number = |name: &str, default: u32, most: u32| match text(name).as_str() {
            "" => Ok(default),
            it => it.parse().ok().filter(|it| (1..=most).contains(it)).ok_or_else(|| {
                let text = format!("`{name}` is `{it}`; a whole number from 1 to {most} is expected");
                Failure::Configuration(text)
            }),
        };
        let optional = |name: &str| Some(text(name)).filter(|it| !it.is_empty());
        let environment = Self {
            bucket: needed("BUCKET")?,
            config_bucket: text("CONFIG_BUCKET"),
            config_prefix: text("CONFIG_PREFIX"),
            table: text("TABLE"),
            topic: text("TOPIC"),
            frameworks: list(&text("FRAMEWORKS")),
            sweep: Target {
                accounts: text("ACCOUNTS"),
                organizational_units: text("ORGANIZATIONAL_UNITS"),
                regions: text("REGIONS"),
            },
            role: optional("ROLE_NAME"),
            external_id: optional("EXTERNAL_ID"),
            job_days: u16::try_from(number("JOB_DAYS", 31, 3650)?).unwrap_or(u16::MAX),
            memory: number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 512, 1 << 20)?,
            sweep_memory: number("SWEEP_MEMORY", 512, 1 << 20)?,
            rate: number("RATE", 10, 10_000)?,
        };
        environment.sweep.accounts()?;
        environment.sweep.regions()?;
        Ok(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&str, &str)], expected: Result<&str, &str>) {
        let variable = |name: &str| {
            let found = given.iter().chain(&[("BUCKET", "evidence")]).find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let shown =
            Environment::of(&variable).map(|it| format!("{:?} {} {}", it.frameworks, it.job_days, it.rate));
        match expected {
            Ok(expected) => assert_eq!(shown.unwrap(), expected),
            Err(expected) => assert!(shown.unwrap_err().to_string().contains(expected), "{given:?}"),
        }
    }

    #[test]
    fn variables_are_read_and_wrong_ones_named() {
        check(&[], Ok("[] 31 10"));
        check(&[("FRAMEWORKS", " a, b,,"), ("JOB_DAYS", "7"), ("RATE", "5")], Ok(r#"["a", "b"] 7 5"#));
        check(&[("JOB_DAYS", "x")], Err("`JOB_DAYS` is `x`"));
        check(&[("RATE", "0")], Err("`RATE` is `0`"));
        check(&[("BUCKET", "")], Err("`BUCKET` is missing"));
        check(&[("ACCOUNTS", "all"), ("ORGANIZATIONAL_UNITS", "ou-a")], Err("give one of them"));
        check(&[("ACCOUNTS", "12")], Err("`12` is not an account id"));
        check(&[("REGIONS", "EU")], Err("`EU` is not a Region"));
        check(&[("ACCOUNTS", "own"), ("ORGANIZATIONAL_UNITS", "ou-a")], Ok("[] 31 10"));
    }
}
