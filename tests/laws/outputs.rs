//! Everything that a run writes, in memory.

use backproof::evaluate::evaluate;
use backproof::facts::Facts;
use backproof::framework::Framework;
use backproof::inventory::Inventory;
use backproof::report::jobs::JobReport;
use backproof::report::{Basis, Report, control_compliance, findings, resource_compliance, summary, text};
use backproof::vocabulary::Vocabulary;

/// What each report says, by its name.
pub(crate) fn outputs(
    inventory: &Inventory,
    frameworks: &[Framework],
    vocabulary: &Vocabulary,
    at: jiff::Timestamp,
) -> Vec<(&'static str, String)> {
    let facts = Facts::new(inventory, at);
    let mut report = Report::new(frameworks, Basis::of(inventory, "0".repeat(64), at));
    let time = at.to_string();
    let mut ndjson = Vec::new();
    let mut csv = findings::Csv::new(Vec::new()).unwrap();
    let mut resource_csv = resource_compliance::Csv::new(Vec::new()).unwrap();
    let mut resource_json = resource_compliance::Json::new(Vec::new()).unwrap();
    evaluate(frameworks, &facts, vocabulary, &mut |finding| {
        report.add(finding);
        findings::write_ndjson(finding, &mut ndjson).unwrap();
        csv.write(finding).unwrap();
        let row = resource_compliance::Row::of(finding, &time);
        resource_csv.write(&row).unwrap();
        resource_json.write(&row).unwrap();
    })
    .unwrap();
    let (mut control_csv, mut control_json) = (Vec::new(), Vec::new());
    for framework in 0..frameworks.len() {
        let rows = control_compliance::rows(&report, framework, &time);
        control_compliance::write_csv(&rows, &mut control_csv).unwrap();
        control_compliance::write_json(&rows, &mut control_json).unwrap();
    }
    let (mut summary_json, mut terminal) = (Vec::new(), Vec::new());
    summary::write(&report, &mut summary_json).unwrap();
    text::write(&report, &mut terminal).unwrap();
    let jobs = JobReport::ALL.map(|report| {
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        report.write_csv(inventory, at, &mut csv).unwrap();
        report.write_json(inventory, at, &mut json).unwrap();
        (csv, json)
    });
    let [(backup_csv, backup_json), (copy_csv, copy_json), (restore_csv, restore_json)] = jobs;
    let outputs = [
        ("findings_ndjson", ndjson),
        ("findings_csv", csv.finish().unwrap()),
        ("resource_compliance_csv", resource_csv.finish().unwrap()),
        ("resource_compliance_json", resource_json.finish().unwrap()),
        ("control_compliance_csv", control_csv),
        ("control_compliance_json", control_json),
        ("backup_jobs_csv", backup_csv),
        ("backup_jobs_json", backup_json),
        ("copy_jobs_csv", copy_csv),
        ("copy_jobs_json", copy_json),
        ("restore_jobs_csv", restore_csv),
        ("restore_jobs_json", restore_json),
        ("summary_json", summary_json),
        ("terminal", terminal),
    ];
    outputs.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}
