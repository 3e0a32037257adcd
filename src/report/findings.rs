//! Findings with everything that is known of them: NDJSON, one object a finding, and CSV.

use std::io::{self, Write};

use serde::Serialize;

use super::cell::Cells;
use crate::evaluate::{Evidence, Finding, MissingFact};
use crate::model::{AccountId, Answer, Severity};

/// A finding as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    framework: &'a str,
    control: &'a str,
    account: AccountId,
    region: &'a str,
    resource: &'a str,
    resource_type: &'a str,
    resource_name: &'a str,
    answer: Answer,
    severity: Severity,
    reasons: &'a [String],
    messages: &'a [String],
    evidence: &'a [Evidence],
    #[serde(skip_serializing_if = "is_zero")]
    evidence_omitted: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [MissingFact],
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> Row<'a> {
    /// The row of a finding.
    pub fn of(finding: &'a Finding<'_>) -> Self {
        Self {
            framework: &finding.framework.name,
            control: &finding.chosen.control.name,
            account: finding.place.account,
            region: finding.place.region.as_str(),
            resource: &finding.resource.id,
            resource_type: &finding.resource.type_name,
            resource_name: finding.name(),
            answer: finding.answer,
            severity: finding.chosen.control.severity,
            reasons: finding.reasons,
            messages: finding.messages(),
            evidence: finding.evidence,
            evidence_omitted: finding.evidence_omitted,
            missing: finding.missing,
            source: finding.source,
        }
    }
}

/// Writes a finding as one line of JSON.
pub fn write_ndjson(finding: &Finding<'_>, output: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *output, &Row::of(finding))?;
    output.write_all(b"\n")
}

/// The header of the CSV form.
pub const FIELDS: [&str; 12] = [
    "framework",
    "control",
    "severity",
    "answer",
    "account",
    "region",
    "resourceType",
    "resource",
    "resourceName",
    "reasons",
    "messages",
    "missing",
];

/// Writes findings as CSV, a line each; lists are joined by semicolons.
pub struct Csv<W: Write>(Cells<W>);

impl<W: Write> Csv<W> {
    /// Begins with the header.
    pub fn new(output: W) -> io::Result<Self> {
        Cells::new(output, &FIELDS).map(Self)
    }

    /// Writes a finding.
    pub fn write(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        let account = finding.place.account.to_string();
        let (reasons, messages) = (finding.reasons.join("; "), finding.messages().join("; "));
        let missing = finding.missing.iter().map(|it| match it.fact.is_empty() {
            true => it.why.clone(),
            false => format!("{}: {}", it.fact, it.why),
        });
        let missing = missing.collect::<Vec<_>>().join("; ");
        let cells = [
            finding.framework.name.as_str(),
            &finding.chosen.control.name,
            finding.chosen.control.severity.as_str(),
            finding.answer.as_str(),
            &account,
            finding.place.region.as_str(),
            &finding.resource.type_name,
            &finding.resource.id,
            finding.name(),
            &reasons,
            &messages,
            &missing,
        ];
        self.0.write(&cells)
    }

    /// Ends, and hands the output back.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}
