//! AWS's RESOURCE_COMPLIANCE_REPORT: one row for each control and resource.
//!
//! Fields and their order as the AWS Backup Developer Guide prints them; status words are AWS Config's.

use std::fmt;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::cell::{self, Cells};
use super::json;
use crate::evaluate::Finding;
use crate::model::{AccountId, Arn};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    account_id: AccountId,
    region: &'a str,
    framework_name: &'a str,
    framework_description: &'a str,
    control_name: &'a str,
    resource_id: ResourceId<'a>,
    resource_type: &'a str,
    resource_compliance_status: &'static str,
    last_evaluation_time: &'a str,
}

/// A resource as AWS Config names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ResourceId<'a> {
    kind: &'a str,
    id: &'a str,
}

impl fmt::Display for ResourceId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl Serialize for ResourceId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'a> Row<'a> {
    /// The row of a finding; `at` is the evaluation time in ISO 8601.
    pub fn of(finding: &'a Finding<'_>, at: &'a str) -> Self {
        let kind = &*finding.resource.type_name;
        let id = &*finding.resource.id;
        // Config's ids are the last part of the ARN, but a recovery point's is its ARN.
        let id = match kind {
            crate::facts::types::RECOVERY_POINT => id,
            _ => Arn::parse(id).map_or(id, |arn| arn.resource_id()),
        };
        Self {
            account_id: finding.place.account,
            region: finding.place.region.as_str(),
            framework_name: &finding.framework.name,
            framework_description: &finding.framework.description,
            control_name: &finding.chosen.control.name,
            resource_id: ResourceId { kind, id },
            resource_type: kind,
            resource_compliance_status: finding.answer.as_str(),
            last_evaluation_time: at,
        }
    }

    /// Writes it as a line of CSV.
    pub fn write_csv(&self, output: &mut Vec<u8>) {
        self.csv_of_place(output);
        self.csv_of_control(output);
        self.csv_of_resource(output);
    }

    /// The beginning of the line, which the rows of an account and Region have in common.
    pub(super) fn csv_of_place(&self, output: &mut Vec<u8>) {
        for text in [&self.account_id.to_string(), self.region] {
            cell::push(text, output);
            output.push(b',');
        }
    }

    /// What follows, which the rows of a control have in common.
    pub(super) fn csv_of_control(&self, output: &mut Vec<u8>) {
        for text in [self.framework_name, self.framework_description, self.control_name] {
            cell::push(text, output);
            output.push(b',');
        }
    }

    /// The rest of the line.
    pub(super) fn csv_of_resource(&self, output: &mut Vec<u8>) {
        let ResourceId { kind, id } = self.resource_id;
        if cell::is_plain(kind.as_bytes()) && !cell::is_quoted(id.as_bytes()) {
            output.extend_from_slice(kind.as_bytes());
            output.push(b'/');
            output.extend_from_slice(id.as_bytes());
        } else {
            cell::push(&self.resource_id.to_string(), output);
        }
        for text in [self.resource_type, self.resource_compliance_status, self.last_evaluation_time] {
            output.push(b',');
            cell::push(text, output);
        }
        output.push(b'\n');
    }

    /// Writes it as a JSON object.
    pub fn write_json(&self, output: &mut Vec<u8>) {
        self.json_of_place(output);
        self.json_of_control(output);
        self.json_of_resource(output);
    }

    /// The beginning of the object, which the rows of an account and Region have in common.
    pub(super) fn json_of_place(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(b"{\"accountId\":");
        json::string(&self.account_id.to_string(), output);
        json::member("region", self.region, output);
    }

    /// What follows, which the rows of a control have in common.
    pub(super) fn json_of_control(&self, output: &mut Vec<u8>) {
        json::member("frameworkName", self.framework_name, output);
        json::member("frameworkDescription", self.framework_description, output);
        json::member("controlName", self.control_name, output);
    }

    /// The rest of the object.
    pub(super) fn json_of_resource(&self, output: &mut Vec<u8>) {
        json::member("resourceId", self.resource_id.kind, output);
        // The string goes on.
        output.pop();
        output.push(b'/');
        json::inside(self.resource_id.id, output);
        output.push(b'"');
        json::member("resourceType", self.resource_type, output);
        json::member("resourceComplianceStatus", self.resource_compliance_status, output);
        json::member("lastEvaluationTime", self.last_evaluation_time, output);
        output.push(b'}');
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
        self.0.write_line(|line| row.write_csv(line))
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
