//! AWS's RESOURCE_COMPLIANCE_REPORT: one row for each control and resource.
//!
//! Fields and their order as the AWS Backup Developer Guide prints them; status words are AWS Config's.

use std::io::{self, Write};

use serde::Serialize;

use super::cell::Cells;
use crate::evaluate::Finding;
use crate::model::Arn;

/// The fields, which are the CSV's header too.
pub const FIELDS: [&str; 9] = [
    "accountId",
    "region",
    "frameworkName",
    "frameworkDescription",
    "controlName",
    "resourceId",
    "resourceType",
    "resourceComplianceStatus",
    "lastEvaluationTime",
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
    resource_id: String,
    resource_type: &'a str,
    resource_compliance_status: &'static str,
    last_evaluation_time: &'a str,
}

impl<'a> Row<'a> {
    /// The row of a finding; `at` is the evaluation time in ISO 8601.
    pub fn of(finding: &'a Finding<'_>, at: &'a str) -> Self {
        let kind = &*finding.resource.type_name;
        let id = &*finding.resource.id;
        // Config's ids are the last part of the ARN, but a recovery point's is its ARN.
        let short = match Arn::parse(id) {
            Some(arn) if kind != crate::facts::types::RECOVERY_POINT => arn.resource_id(),
            _ => id,
        };
        Self {
            account_id: finding.place.account.to_string(),
            region: finding.place.region.as_str(),
            framework_name: &finding.framework.name,
            framework_description: &finding.framework.description,
            control_name: &finding.chosen.control.name,
            resource_id: format!("{kind}/{short}"),
            resource_type: kind,
            resource_compliance_status: finding.answer.as_str(),
            last_evaluation_time: at,
        }
    }

    fn cells(&self) -> [&str; 9] {
        [
            &self.account_id,
            self.region,
            self.framework_name,
            self.framework_description,
            self.control_name,
            &self.resource_id,
            self.resource_type,
            self.resource_compliance_status,
            self.last_evaluation_time,
        ]
    }
}

/// Writes rows as CSV.
pub struct Csv<W: Write>(Cells<W>);

impl<W: Write> Csv<W> {
    /// Begins with the header.
    pub fn new(output: W) -> io::Result<Self> {
        Cells::new(output, &FIELDS).map(Self)
    }

    /// Writes a row.
    pub fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.0.write(&row.cells())
    }

    /// Ends, and hands the output back.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

/// Writes rows as `{"reportItems":[…]}`.
pub struct Json<W: Write> {
    output: W,
    any: bool,
}

impl<W: Write> Json<W> {
    /// Begins the list.
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(b"{\"reportItems\":[")?;
        Ok(Self { output, any: false })
    }

    /// Writes an item.
    pub fn write(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.output.write_all(if self.any { b",\n" } else { b"\n" })?;
        self.any = true;
        serde_json::to_writer(&mut self.output, item)?;
        Ok(())
    }

    /// Ends the list, and hands the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.write_all(b"\n]}\n")?;
        Ok(self.output)
    }
}
