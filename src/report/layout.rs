//! Where reports stand: the key layout of AWS Backup's report plans.
//!
//! `Backup/<account or crossaccount>/<Region or crossregion>/<yyyy>/<mm>/<dd>/<report name>`
//! (AWS Backup Developer Guide, "Working with audit reports"). AWS publishes no pattern for the report name.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::Place;

/// AWS's name for the report of resources.
pub const RESOURCE_COMPLIANCE_REPORT: &str = "RESOURCE_COMPLIANCE_REPORT";
/// AWS's name for the report of controls.
pub const CONTROL_COMPLIANCE_REPORT: &str = "CONTROL_COMPLIANCE_REPORT";

/// The key of a report on a framework, with `/` between its parts and without its extension.
pub fn stem(places: &[Place], at: Timestamp, framework: &str, template: &str) -> String {
    let framework: String =
        framework.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    stem_of_run(places, at, &format!("{template}_{framework}"))
}

/// The key of a report of which a run has one, without its extension.
pub fn stem_of_run(places: &[Place], at: Timestamp, template: &str) -> String {
    let accounts: BTreeSet<String> = places.iter().map(|it| it.account.to_string()).collect();
    let regions: BTreeSet<&str> = places.iter().map(|it| it.region.as_str()).collect();
    let account = match accounts.first() {
        Some(account) if accounts.len() == 1 => account,
        _ => "crossaccount",
    };
    let region = match regions.first() {
        Some(region) if regions.len() == 1 => region,
        _ => "crossregion",
    };
    let at = at.to_zoned(TimeZone::UTC);
    let (date, time) = (at.strftime("%Y/%m/%d"), at.strftime("%Y-%m-%dT%H-%M-%SZ"));
    format!("Backup/{account}/{region}/{date}/{template}_{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(places: &[&str], expected: &str) {
        let place = |it: &&str| {
            let (account, region) = it.split_once('/').unwrap();
            Place { account: account.parse().unwrap(), region: region.parse().unwrap() }
        };
        let places: Vec<Place> = places.iter().map(place).collect();
        let at = "2026-03-01T06:00:00Z".parse().unwrap();
        let stem = stem(&places, at, "../x", RESOURCE_COMPLIANCE_REPORT);
        let expected =
            format!("Backup/{expected}/2026/03/01/RESOURCE_COMPLIANCE_REPORT____x_2026-03-01T06-00-00Z");
        assert_eq!(stem, expected);
    }

    #[test]
    fn the_four_layouts_are_aws_s() {
        check(&["111122223333/eu-west-1"], "111122223333/eu-west-1");
        check(&["111122223333/eu-west-1", "222233334444/eu-west-1"], "crossaccount/eu-west-1");
        check(&["111122223333/eu-west-1", "111122223333/eu-central-1"], "111122223333/crossregion");
        check(&["111122223333/eu-west-1", "222233334444/eu-central-1"], "crossaccount/crossregion");
    }
}
