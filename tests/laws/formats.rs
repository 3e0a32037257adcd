//! The bytes of findings and resource compliance reports are those that `serde_json` and the `csv` crate would write.

use std::collections::BTreeMap;
use std::sync::Arc;

use backproof::evaluate::{Evidence, Finding, MissingFact};
use backproof::facts::{Uid, types};
use backproof::framework::{ChosenControl, Framework, Scope};
use backproof::model::{Answer, Arn, Place, Severity};
use backproof::report::cell::neutral;
use backproof::report::rows::{Files, Printed, RowMaker};
use backproof::report::{Basis, Report, findings, resource_compliance};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Serialize;

use super::hostile::name;
use super::{CATALOG, at, cases};

/// A finding as `serde_json` writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingRow<'a> {
    framework: &'a str,
    control: &'a str,
    account: String,
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

impl<'a> FindingRow<'a> {
    fn of(finding: &'a Finding<'_>) -> Self {
        Self {
            framework: &finding.framework.name,
            control: &finding.chosen.control.name,
            account: finding.place.account.to_string(),
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

    fn cells(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|it| match it.fact.is_empty() {
            true => it.why.clone(),
            false => format!("{}: {}", it.fact, it.why),
        });
        vec![
            self.framework.to_owned(),
            self.control.to_owned(),
            self.severity.to_string(),
            self.answer.to_string(),
            self.account.clone(),
            self.region.to_owned(),
            self.resource_type.to_owned(),
            self.resource.to_owned(),
            self.resource_name.to_owned(),
            self.reasons.join("; "),
            self.messages.join("; "),
            missing.collect::<Vec<_>>().join("; "),
        ]
    }
}

/// A row of the resource compliance report as `serde_json` writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRow<'a> {
    account_id: String,
    region: &'a str,
    framework_name: &'a str,
    framework_description: &'a str,
    control_name: &'a str,
    resource_id: String,
    resource_type: &'a str,
    resource_compliance_status: Answer,
    last_evaluation_time: String,
}

impl<'a> ResourceRow<'a> {
    fn of(finding: &'a Finding<'_>) -> Self {
        let (kind, id) = (&*finding.resource.type_name, &*finding.resource.id);
        let short = match Arn::parse(id) {
            Some(arn) if kind != types::RECOVERY_POINT => arn.resource_id(),
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
            resource_compliance_status: finding.answer,
            last_evaluation_time: at().to_string(),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.account_id.clone(),
            self.region.to_owned(),
            self.framework_name.to_owned(),
            self.framework_description.to_owned(),
            self.control_name.to_owned(),
            self.resource_id.clone(),
            self.resource_type.to_owned(),
            self.resource_compliance_status.to_string(),
            self.last_evaluation_time.clone(),
        ]
    }
}

fn csv_of(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut csv = csv::Writer::from_writer(Vec::new());
    for row in rows {
        csv.write_record(row.iter().map(|it| neutral(it).into_owned())).unwrap();
    }
    String::from_utf8(csv.into_inner().unwrap()).unwrap()
}

/// Rows, the last of which ends with the separator as well.
fn json_of<T: Serialize>(rows: impl Iterator<Item = T>, before: &str, between: &str, after: &str) -> String {
    let rows: Vec<String> =
        rows.map(|it| format!("{before}{}{after}", serde_json::to_string(&it).unwrap())).collect();
    rows.join(between)
}

/// What of a finding may be anything.
pub(crate) type Anything =
    ((usize, usize, bool), Answer, [String; 2], Vec<String>, Vec<String>, Vec<[String; 6]>, usize);

pub(crate) fn anything() -> impl Strategy<Value = Anything> {
    let answer = prop::sample::select(Answer::ALL.to_vec());
    let arn = name().prop_map(|it| format!("arn:aws:ec2:eu-west-1::snapshot/{it}"));
    let id = prop_oneof![name(), arn, Just("arn:aws:ec2:eu-west-1::snapshot/snap-0123".to_owned())];
    let texts = || vec(name(), 0..3);
    let six = vec(name(), 6).prop_map(|it| <[String; 6]>::try_from(it).unwrap());
    let resource = (id, name()).prop_map(|(id, called)| [id, called]);
    ((0..4_usize, 0..3_usize, any::<bool>()), answer, resource, texts(), texts(), vec(six, 0..3), 0..2_usize)
}

pub(crate) fn finding<'a>(frameworks: &'a [Framework], kinds: &[String], it: Anything) -> Finding<'a> {
    let ((which, place, recovery_point), answer, [id, name], reasons, messages, six, evidence_omitted) = it;
    let framework = &frameworks[which / 2];
    let place = ["111122223333/eu-west-1", "111122223333/global", "000000000000/us-east-1"][place];
    let (account, region) = place.split_once('/').unwrap();
    let kind = if recovery_point { types::RECOVERY_POINT.to_owned() } else { kinds[which].clone() };
    let evidence = six.iter().map(|[kind, id, reason, message, source, _]| Evidence {
        type_name: kind.clone(),
        id: id.clone(),
        answer,
        reasons: if reason.is_empty() { Vec::new() } else { vec![reason.clone(), kind.clone()] },
        messages: if message.is_empty() { Vec::new() } else { vec![message.clone()] },
        source: source.as_str().into(),
        unread: reason.len() % 2 == 1,
    });
    let missing = six.iter().cloned().map(|[fact, operation, subject, error, action, why]| MissingFact {
        fact,
        operation,
        subject,
        error,
        action,
        why,
    });
    // What a finding borrows lives as long as the test.
    fn kept<T>(it: T) -> &'static T {
        Box::leak(Box::new(it))
    }
    let place = Place { account: account.parse().unwrap(), region: region.parse().unwrap() };
    Finding {
        framework,
        chosen: &framework.controls[which % 2],
        position: (which / 2, which % 2),
        place: kept(place),
        source: kept(reasons.first().cloned().unwrap_or_default()),
        resource: kept(Uid::new(kind, id.as_str())),
        called: Some(kept(name)),
        answer,
        reasons: kept(reasons),
        said: kept(messages).as_slice().into(),
        evidence: kept(evidence.collect::<Vec<_>>()),
        evidence_omitted,
        missing: kept(missing.collect::<Vec<_>>()),
    }
}

pub(crate) fn framework(name: &str, description: &str) -> Framework {
    let chosen = |name: &str| ChosenControl {
        control: Arc::clone(&CATALOG.controls[name]),
        parameters: BTreeMap::new(),
        given: BTreeMap::new(),
        scope: Scope::default(),
    };
    let controls = ["BACKUP_RECOVERY_POINT_ENCRYPTED", "BACKUP_LAST_RECOVERY_POINT_CREATED"];
    Framework {
        name: name.to_owned(),
        description: description.to_owned(),
        controls: controls.map(chosen).into(),
    }
}

pub(crate) fn basis() -> Basis {
    Basis {
        at: at(),
        inventory_digest: String::new(),
        places: Vec::new(),
        files: 0,
        coverage: Vec::new(),
        problems: Vec::new(),
        calls: None,
        jobs: Vec::new(),
    }
}

fn text_of(chunk: &mut backproof::report::chunk::Chunk) -> String {
    chunk.seal();
    let bytes: Vec<u8> = chunk.pieces().flat_map(|(bytes, _)| bytes.to_vec()).collect();
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_row_is_what_the_crates_would_write(
        names in vec(name(), 4),
        kinds in vec(name(), 4),
        any in vec(anything(), 0..8),
    ) {
        let frameworks = [framework(&format!("a{}", names[0]), &names[1]), framework(&format!("b{}", names[2]), &names[3])];
        let findings: Vec<Finding<'_>> = any.into_iter().map(|it| finding(&frameworks, &kinds, it)).collect();
        let report = Report::new(&frameworks, basis());
        let maker = RowMaker::of(&report).writing(Files::default());
        for printed in [Printed::Csv, Printed::Json, Printed::Lines] {
            let mut rows = maker.printing(Some(printed)).rows();
            findings.iter().for_each(|it| rows.write(it));
            let all = || findings.iter().map(FindingRow::of);
            let ndjson = json_of(all(), "", "", "\n");
            prop_assert_eq!(text_of(rows.findings().unwrap()), ndjson.as_str());
            let expected = match printed {
                Printed::Csv => csv_of(all().map(|it| it.cells())),
                Printed::Json => json_of(all(), "\n", ",", ""),
                Printed::Lines => ndjson,
            };
            prop_assert_eq!(text_of(rows.printed().unwrap()), expected);
            for (framework, chunks) in frameworks.iter().zip(rows.resources()) {
                let of = || findings.iter().filter(|it| std::ptr::eq(it.framework, framework)).map(ResourceRow::of);
                prop_assert_eq!(text_of(&mut chunks.csv), csv_of(of().map(|it| it.cells())));
                prop_assert_eq!(text_of(&mut chunks.json), json_of(of(), "\n", ",", ""));
            }
        }
        // The writers of one report by itself say the same.
        for finding in &findings {
            let mut line = Vec::new();
            findings::write_ndjson(finding, &mut line).unwrap();
            prop_assert_eq!(String::from_utf8(line).unwrap(), json_of([FindingRow::of(finding)].iter(), "", "", "\n"));
            let time = at().to_string();
            let (row, mut line, mut object) = (resource_compliance::Row::of(finding, &time), Vec::new(), Vec::new());
            row.write_csv(&mut line);
            row.write_json(&mut object);
            prop_assert_eq!(String::from_utf8(line).unwrap(), csv_of([ResourceRow::of(finding).cells()].into_iter()));
            let expected = serde_json::to_string(&ResourceRow::of(finding)).unwrap();
            prop_assert_eq!(serde_json::to_string(&row).unwrap(), expected.as_str());
            prop_assert_eq!(String::from_utf8(object).unwrap(), expected);
        }
    }

    /// Rows that were used before, for whatever else, are as good as new ones.
    #[test]
    fn rows_can_be_used_again(
        names in vec(name(), 2),
        kinds in vec(name(), 4),
        before in vec(anything(), 0..4),
        after in vec(anything(), 0..4),
        compress in any::<bool>(),
    ) {
        let frameworks = [framework("a", &names[0]), framework("b", &names[1])];
        let report = Report::new(&frameworks, basis());
        let maker = RowMaker::of(&report).writing(Files { compress, ..Files::default() });
        let (mut used, mut new) = (maker.rows(), maker.rows());
        before.into_iter().for_each(|it| used.write(&finding(&frameworks, &kinds, it)));
        used.seal();
        used.clear();
        prop_assert!(used.is_empty());
        for it in after {
            let finding = finding(&frameworks, &kinds, it);
            used.write(&finding);
            new.write(&finding);
        }
        used.seal();
        new.seal();
        let bytes = |chunk: &backproof::report::chunk::Chunk| chunk.pieces().flat_map(|(it, _)| it.to_vec()).collect::<Vec<u8>>();
        prop_assert_eq!(bytes(used.findings().unwrap()), bytes(new.findings().unwrap()));
        for (one, other) in used.resources().iter().zip(new.resources()) {
            prop_assert_eq!(bytes(&one.csv), bytes(&other.csv));
            prop_assert_eq!(bytes(&one.json), bytes(&other.json));
        }
    }
}
