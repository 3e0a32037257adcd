//! AWS's CONTROL_COMPLIANCE_REPORT: one row for each control in each account and Region.
//!
//! Fields and their order as the AWS Backup Developer Guide prints them. A control with nothing in scope is
//! NOT_APPLICABLE; AWS calls that insufficient data, which here is kept for what could not be looked at.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::cell::{self, Cells};
use super::json;
use super::resource_compliance::Json;

/// The fields, which are the CSV's header too.
pub const FIELDS: [&str; 12] = [
    "accountId",
    "region",
    "frameworkName",
    "frameworkDescription",
    "controlName",
    "controlComplianceStatus",
    "lastEvaluationTime",
    "numResourcesCompliant",
    "numResourcesNonCompliant",
    "controlFrequency",
    "controlScope",
    "controlParameters",
];

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    account_id: String,
    region: &'a str,
    framework_name: &'a str,
    framework_description: &'a str,
    control_name: &'a str,
    control_compliance_status: &'static str,
    last_evaluation_time: &'a str,
    num_resources_compliant: u64,
    num_resources_non_compliant: u64,
    /// AWS leaves it out for a control that runs on change.
    #[serde(skip_serializing_if = "Option::is_none")]
    control_frequency: Option<&'a str>,
    control_scope: String,
    control_parameters: String,
}

/// The rows of a framework, by account, Region and the framework's own order; `at` in ISO 8601.
pub fn rows<'a>(report: &'a Report<'_>, framework: usize, at: &'a str) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let Some(chosen_framework) = report.frameworks.get(framework) else {
        return rows;
    };
    for place in &report.basis.places {
        for (index, chosen) in chosen_framework.controls.iter().enumerate() {
            let key = ((framework, index), place.clone());
            let totals = report.tally.by_control.get(&key).copied().unwrap_or_default();
            let parameters = match chosen.given.is_empty() {
                true => String::new(),
                false => serde_json::to_string(&chosen.given).unwrap_or_default(),
            };
            rows.push(Row {
                account_id: place.account.to_string(),
                region: place.region.as_str(),
                framework_name: &chosen_framework.name,
                framework_description: &chosen_framework.description,
                control_name: &chosen.control.name,
                control_compliance_status: totals.verdict().as_str(),
                last_evaluation_time: at,
                num_resources_compliant: totals.compliant,
                num_resources_non_compliant: totals.non_compliant,
                control_frequency: chosen.control.frequency.as_deref(),
                control_scope: chosen.scope.shown(),
                control_parameters: parameters,
            });
        }
    }
    rows
}

impl Row<'_> {
    /// Writes it as a line of CSV.
    pub fn write_csv(&self, output: &mut Vec<u8>) {
        let cells = [
            &self.account_id,
            self.region,
            self.framework_name,
            self.framework_description,
            self.control_name,
            self.control_compliance_status,
            self.last_evaluation_time,
            &self.num_resources_compliant.to_string(),
            &self.num_resources_non_compliant.to_string(),
            self.control_frequency.unwrap_or_default(),
            &self.control_scope,
            &self.control_parameters,
        ];
        cell::line(&cells, output);
    }

    /// Writes it as a JSON object.
    pub fn write_json(&self, output: &mut Vec<u8>) {
        json::object(self, output);
    }
}

/// Writes rows as CSV.
pub fn write_csv(rows: &[Row<'_>], output: impl Write) -> io::Result<()> {
    let mut csv = Cells::new(output, &FIELDS)?;
    for row in rows {
        csv.write_line(|line| row.write_csv(line))?;
    }
    csv.finish()?.flush()
}

/// Writes rows as `{"reportItems":[…]}`.
pub fn write_json(rows: &[Row<'_>], output: impl Write) -> io::Result<()> {
    let mut json = Json::new(output)?;
    for row in rows {
        json.write(row)?;
    }
    json.finish()?.flush()
}
