//! `summary.json`: totals, and the basis they rest on.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::jobs::JobList;
use super::{Report, Totals};
use crate::cost::Cost;
use crate::inventory::{Calls, CoverageRow, Problem};
use crate::model::Severity;

/// The version of this shape; it grows when a member is added or changes meaning.
const SCHEMA_VERSION: u32 = 2;

/// The summary as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary<'a> {
    schema_version: u32,
    tool: Tool,
    evaluation_time: String,
    inventory: InventoryBasis<'a>,
    totals: Totals,
    by_account: BTreeMap<String, Totals>,
    by_region: BTreeMap<String, Totals>,
    frameworks: Vec<FrameworkSummary<'a>>,
    could_not_be_looked_at: Vec<UnseenSummary<'a>>,
    job_reports: &'a [JobList],
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    problems: &'a [Problem],
    coverage: &'a [CoverageRow],
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct InventoryBasis<'a> {
    sha256: &'a str,
    files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Calls>,
    places: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FrameworkSummary<'a> {
    name: &'a str,
    description: &'a str,
    controls: Vec<ControlSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct ControlSummary<'a> {
    control: &'a str,
    title: &'a str,
    severity: Severity,
    sha256: &'a str,
    parameters: &'a BTreeMap<String, String>,
    scope: String,
    status: &'static str,
    totals: Totals,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnseenSummary<'a> {
    account: String,
    region: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    operation: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    action: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    findings: u64,
}

impl<'a> Summary<'a> {
    /// The summary of a report.
    pub fn of(report: &'a Report<'_>) -> Self {
        let frameworks = report.frameworks.iter().enumerate();
        let unseen = report.tally.unseen.iter().map(|(unseen, findings)| UnseenSummary {
            account: unseen.place.account.to_string(),
            region: unseen.place.region.as_str(),
            operation: &unseen.operation,
            error: &unseen.error,
            action: &unseen.action,
            why: &unseen.why,
            findings: *findings,
        });
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool { name: "backproof", version: env!("CARGO_PKG_VERSION") },
            evaluation_time: report.basis.at.to_string(),
            inventory: InventoryBasis {
                sha256: &report.basis.inventory_digest,
                files: report.basis.files,
                calls: report.basis.calls,
                places: report.basis.places.iter().map(ToString::to_string).collect(),
            },
            totals: report.tally.totals,
            by_account: report.totals_by(|place| place.account.to_string()),
            by_region: report.totals_by(|place| place.region.to_string()),
            frameworks: frameworks.map(|(index, _)| framework(report, index)).collect(),
            could_not_be_looked_at: unseen.collect(),
            job_reports: &report.basis.jobs,
            cost: report.cost(),
            problems: &report.basis.problems,
            coverage: &report.basis.coverage,
        }
    }
}

fn framework<'a>(report: &'a Report<'_>, index: usize) -> FrameworkSummary<'a> {
    let framework = &report.frameworks.get(index);
    let controls = framework.map_or(&[][..], |it| &it.controls);
    let summarize = |(control, chosen): (usize, &'a crate::framework::ChosenControl)| {
        let totals = report.totals_of((index, control));
        ControlSummary {
            control: &chosen.control.name,
            title: &chosen.control.title,
            severity: chosen.control.severity,
            sha256: &chosen.control.digest,
            parameters: &chosen.given,
            scope: chosen.scope.shown(),
            status: totals.verdict().as_str(),
            totals,
        }
    };
    FrameworkSummary {
        name: framework.map_or("", |it| &it.name),
        description: framework.map_or("", |it| &it.description),
        controls: controls.iter().enumerate().map(summarize).collect(),
    }
}

/// Writes the summary, indented for people.
pub fn write(report: &Report<'_>, mut output: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, &Summary::of(report))?;
    output.write_all(b"\n")?;
    output.flush()
}
