//! Findings with everything that is known of them: NDJSON, one object a finding, and CSV.

use std::io::{self, Write};

use super::cell::{self, Cells};
use super::json;
use crate::evaluate::{Evidence, Finding, MissingFact};
use crate::model::{AccountId, Answer, Severity};

/// A finding as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub(super) framework: &'a str,
    pub(super) control: &'a str,
    pub(super) account: AccountId,
    pub(super) region: &'a str,
    pub(super) resource: &'a str,
    pub(super) resource_type: &'a str,
    pub(super) resource_name: &'a str,
    pub(super) answer: Answer,
    pub(super) severity: Severity,
    pub(super) reasons: &'a [String],
    pub(super) messages: &'a [String],
    evidence: &'a [Evidence],
    evidence_omitted: usize,
    pub(super) missing: &'a [MissingFact],
    source: &'a str,
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

    /// Writes it as a JSON object.
    pub fn write_json(&self, output: &mut Vec<u8>) {
        self.json_of_control(output);
        self.json_of_place(output);
        self.json_of_resource(output);
    }

    /// The beginning of the object, which the findings of a control have in common.
    pub(super) fn json_of_control(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(b"{\"framework\":");
        json::string(self.framework, output);
        json::member("control", self.control, output);
    }

    /// What follows, which the findings of an account and Region have in common.
    pub(super) fn json_of_place(&self, output: &mut Vec<u8>) {
        json::member("account", &self.account.to_string(), output);
        json::member("region", self.region, output);
    }

    /// The rest of the object.
    pub(super) fn json_of_resource(&self, output: &mut Vec<u8>) {
        json::member("resource", self.resource, output);
        json::member("resourceType", self.resource_type, output);
        json::member("resourceName", self.resource_name, output);
        json::member("answer", self.answer.as_str(), output);
        json::member("severity", self.severity.as_str(), output);
        list("reasons", self.reasons, output);
        list("messages", self.messages, output);
        output.extend_from_slice(b",\"evidence\":");
        json::array(self.evidence, output, piece);
        if self.evidence_omitted > 0 {
            output.extend_from_slice(format!(",\"evidenceOmitted\":{}", self.evidence_omitted).as_bytes());
        }
        if !self.missing.is_empty() {
            output.extend_from_slice(b",\"missing\":");
            json::array(self.missing, output, lacking);
        }
        if !self.source.is_empty() {
            json::member("source", self.source, output);
        }
        output.push(b'}');
    }

    /// Writes it as a line of CSV; lists are joined by semicolons.
    pub fn write_csv(&self, output: &mut Vec<u8>) {
        let account = self.account.to_string();
        let missing: Vec<String> = self.missing.iter().map(sentence).collect();
        let cells = [
            self.framework,
            self.control,
            self.severity.as_str(),
            self.answer.as_str(),
            &account,
            self.region,
            self.resource_type,
            self.resource,
            self.resource_name,
            &self.reasons.join("; "),
            &self.messages.join("; "),
            &missing.join("; "),
        ];
        cell::line(&cells, output);
    }
}

fn list(name: &str, texts: &[String], output: &mut Vec<u8>) {
    output.extend_from_slice(b",\"");
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\":");
    json::array(texts, output, |it, output| json::string(it, output));
}

/// A piece of evidence.
fn piece(evidence: &Evidence, output: &mut Vec<u8>) {
    output.extend_from_slice(b"{\"type\":");
    json::string(&evidence.type_name, output);
    json::member("id", &evidence.id, output);
    json::member("answer", evidence.answer.as_str(), output);
    if !evidence.reasons.is_empty() {
        list("reasons", &evidence.reasons, output);
    }
    if !evidence.messages.is_empty() {
        list("messages", &evidence.messages, output);
    }
    if !evidence.source.is_empty() {
        json::member("source", &evidence.source, output);
    }
    if evidence.unread {
        output.extend_from_slice(b",\"unread\":true");
    }
    output.push(b'}');
}

/// A fact that is missing.
fn lacking(missing: &MissingFact, output: &mut Vec<u8>) {
    output.push(b'{');
    let MissingFact { fact, operation, subject, error, action, why } = missing;
    for (name, text) in
        [("fact", fact), ("operation", operation), ("subject", subject), ("error", error), ("action", action)]
    {
        if !text.is_empty() {
            json::string(name, output);
            output.push(b':');
            json::string(text, output);
            output.push(b',');
        }
    }
    output.extend_from_slice(b"\"why\":");
    json::string(why, output);
    output.push(b'}');
}

/// What is missing and why, in a sentence.
pub(super) fn sentence(missing: &MissingFact) -> String {
    match missing.fact.is_empty() {
        true => missing.why.clone(),
        false => format!("{}: {}", missing.fact, missing.why),
    }
}

/// Writes a finding as one line of JSON.
pub fn write_ndjson(finding: &Finding<'_>, output: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    Row::of(finding).write_json(&mut line);
    line.push(b'\n');
    output.write_all(&line)
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

/// Writes findings as CSV, a line each.
pub struct Csv<W: Write> {
    output: Cells<W>,
}

impl<W: Write> Csv<W> {
    /// Begins with the header.
    pub fn new(output: W) -> io::Result<Self> {
        Ok(Self { output: Cells::new(output, &FIELDS)? })
    }

    /// Writes a finding.
    pub fn write(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        self.output.write_line(|line| Row::of(finding).write_csv(line))
    }

    /// Ends, and hands the output back.
    pub fn finish(self) -> io::Result<W> {
        self.output.finish()
    }
}
