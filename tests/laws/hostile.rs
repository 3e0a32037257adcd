//! Any text and any JSON can be read, judged and written without a panic, and no cell is a formula.

use std::collections::BTreeMap;
use std::sync::Arc;

use backproof::control::{Control, ControlSource, Template};
use backproof::evaluate::{Finding, MissingFact};
use backproof::facts::Uid;
use backproof::framework::{self, ChosenControl, Framework, Scope};
use backproof::inventory::{OPERATIONS, read_from_memory};
use backproof::model::{Answer, Arn, Place, Time};
use backproof::report::cell::original;
use backproof::report::{Basis, Report, control_compliance, findings, resource_compliance};
use backproof::vocabulary::Vocabulary;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use super::recording::{Line, files};
use super::{CATALOG, DEFAULT, at, cases, estate, losses, outputs, record};

const SCHEMA: &str = include_str!("../../controls/backup-last-recovery-point-created/control.cedarschema");
const POLICIES: &str = include_str!("../../controls/backup-last-recovery-point-created/control.cedar");
const CASES: &str = include_str!("../../controls/backup-last-recovery-point-created/cases.json");
const FRAMEWORK: &str = include_str!("../../controls/frameworks/aws-backup.json");

/// Text that parsers stumble over: nothing, anything, brackets, quotes, controls, words of the formats themselves.
fn text() -> BoxedStrategy<String> {
    let words = prop::sample::select(vec![
        "",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "\"",
        "\\",
        "'",
        ";",
        ",",
        ".",
        ":",
        "::",
        "{{",
        "null",
        "-1",
        "1e999",
        "18446744073709551616",
        "true",
        "\u{0}",
        "\u{1b}[31m",
        "\u{feff}",
        "\u{202e}",
        "\u{9b}",
        "é",
        "permit",
        "forbid",
        "when",
        "principal",
        "resource",
        "context",
        "has",
        "in",
        "is",
        "like",
        "namespace",
        "entity",
        "action",
        "appliesTo",
        "Set<",
        "Long",
        "@id(\"x\")",
        "@message(\"{\")",
        "RecoveryPoints",
        "NextToken",
        "response",
        "request",
        "FrameworkControls",
        "ControlName",
        "=1+1",
        "\r\n",
        "\t",
    ]);
    prop_oneof![
        1 => any::<String>(),
        2 => vec(prop_oneof![3 => words.prop_map(str::to_owned), 1 => "\\PC{0,6}"], 0..40).prop_map(|it| it.concat()),
    ]
    .boxed()
}

/// Any JSON, shallow enough to be many.
fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((text(), inner), 0..5).prop_map(|it| Value::Object(it.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

/// A text with some of its pieces taken out, doubled, or replaced by others.
fn mangled(original: &'static str) -> BoxedStrategy<String> {
    let edit = (any::<Index>(), 0_usize..60, text(), any::<bool>());
    vec(edit, 1..4)
        .prop_map(move |edits| {
            let mut mangled = original.to_owned();
            for (at, length, insert, keep) in edits {
                let start = mangled.floor_char_boundary(at.index(mangled.len() + 1));
                let end = mangled.floor_char_boundary((start + length).min(mangled.len()));
                let piece = mangled[start..end].to_owned();
                let end = if keep { start } else { end };
                mangled.replace_range(start..end, &format!("{insert}{}", if keep { &piece } else { "" }));
            }
            mangled
        })
        .boxed()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_bytes_can_be_read_as_any_file(
        operation in 0..OPERATIONS.len(),
        name in prop_oneof![Just(".ndjson"), Just(".json"), Just(".x.json"), Just(".x.ndjson")],
        bytes in prop_oneof![vec(any::<u8>(), 0..200), text().prop_map(String::into_bytes)],
        path in text(),
    ) {
        let good = format!("111122223333/eu-west-1/{}{name}", OPERATIONS[operation].name);
        let files = BTreeMap::from([good, path].map(|path| (path, bytes.clone())));
        let inventory = read_from_memory(files, 2, crate::jobs_since());
        let _ = outputs::outputs(&inventory, &DEFAULT, &CATALOG.vocabulary, at());
    }

    #[test]
    fn any_response_can_be_read_and_judged(
        operation in 0..OPERATIONS.len(),
        list in vec(any_json(), 0..4),
        names in vec((text(), any_json()), 0..4),
        request in any_json(),
        error in prop::option::of(any_json()),
    ) {
        let operation = &OPERATIONS[operation];
        let mut response: Map<String, Value> = names.into_iter().collect();
        response.insert(operation.list.unwrap_or("BackupPlan").to_owned(), Value::from(list));
        let mut call = json!({ "request": request, "response": response });
        if let Some(error) = error {
            call["error"] = error;
        }
        let path = format!("111122223333/eu-west-1/{}.ndjson", operation.name);
        let files = BTreeMap::from([(path, call.to_string().into_bytes())]);
        let inventory = read_from_memory(files, 1, crate::jobs_since());
        let _ = outputs::outputs(&inventory, &DEFAULT, &CATALOG.vocabulary, at());
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_value_can_stand_anywhere_in_an_estate(
        world in estate::world(),
        changes in vec((any::<Index>(), any::<Index>(), any::<Index>(), any_json()), 1..8),
    ) {
        let mut files = files(&record::record(&world), world.plain);
        for (file, line, place, value) in changes {
            let file = file.index(files.len());
            let line = line.index(files[file].lines.len());
            if let Line::Json(call) = &mut files[file].lines[line] {
                losses::replace(call, &place, value);
            }
        }
        let inventory = super::read(&files);
        let _ = outputs::outputs(&inventory, &DEFAULT, &CATALOG.vocabulary, at());
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_text_can_be_given_as_a_control(
        schema in prop_oneof![4 => mangled(SCHEMA), 1 => text(), 4 => Just(SCHEMA.to_owned())],
        policies in prop_oneof![4 => mangled(POLICIES), 1 => text(), 4 => Just(POLICIES.to_owned())],
        cases in prop_oneof![2 => mangled(CASES), 1 => text(), 6 => Just(CASES.to_owned())],
        readme in text(),
    ) {
        let folder = "backup-last-recovery-point-created".to_owned();
        let source = ControlSource { folder, schema, policies, readme, cases };
        match Control::parse(&source, &CATALOG.vocabulary) {
            Ok(control) => {
                let control = Arc::new(control);
                for case in control.cases.iter() {
                    let _ = backproof::evaluate::run_case(&control, case, &CATALOG.vocabulary);
                }
            }
            Err(errors) => prop_assert!(!errors.is_empty() && errors.iter().all(|it| !it.to_string().is_empty())),
        }
    }

    #[test]
    fn any_text_can_be_given_as_a_framework(
        text in prop_oneof![3 => mangled(FRAMEWORK), 1 => text(), 1 => any_json().prop_map(|it| it.to_string())],
    ) {
        if let Err(errors) = framework::parse(&text, "x", &CATALOG.controls) {
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn any_value_can_stand_anywhere_in_a_framework(place in any::<Index>(), value in any_json()) {
        let mut framework: Value = serde_json::from_str(FRAMEWORK).unwrap();
        losses::replace(&mut framework, &place, value);
        let _ = framework::parse(&framework.to_string(), "x", &CATALOG.controls);
    }

    #[test]
    fn any_text_can_be_given_as_a_message_a_vocabulary_a_name_or_a_time(text in text()) {
        let (actions, _) = CATALOG.vocabulary.read_actions(SCHEMA).unwrap();
        let _ = Template::parse(&text, &actions[0], &CATALOG.vocabulary);
        let _ = Vocabulary::parse(&text);
        let _ = Arn::parse(&text).map(|it| it.resource_id().len());
        let _ = Time::parse(&text);
        let _ = (text.parse::<backproof::model::AccountId>(), text.parse::<backproof::model::Region>());
    }
}

/// Names that spreadsheets would run, and others.
pub(crate) fn name() -> BoxedStrategy<String> {
    let begin = prop::sample::select(vec![
        "", "=", "+", "-", "@", "\t", "\r", "\n", "'", "''=", "＝", "\"", ",", " =",
    ]);
    (begin, text()).prop_map(|(begin, text)| format!("{begin}{text}")).boxed()
}

/// Every cell of a CSV text, row by row, as a spreadsheet would read it.
fn cells(csv: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

fn assert_gives_back(csv: &[u8], header: &[&str], expected: &[&str]) {
    let rows = cells(csv);
    assert_eq!(rows[0], header);
    assert_eq!(rows.len(), 2, "{rows:?}");
    for cell in &rows[1] {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        assert!(!formula, "{cell:?}");
    }
    let texts: Vec<&str> = rows[1].iter().map(|it| original(it)).collect();
    assert_eq!(texts, expected);
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn csv_holds_no_formula_and_gives_every_text_back(names in vec(name(), 10)) {
        let [framework_name, description, control_scope, kind, id, called, reason, message, fact, why] =
            names.try_into().unwrap();
        let control = Arc::clone(&CATALOG.controls["BACKUP_RECOVERY_POINT_ENCRYPTED"]);
        let scope = Scope { ids: vec![control_scope], ..Scope::default() };
        let given = BTreeMap::from([("x".to_owned(), called.clone())]);
        let chosen = ChosenControl { control, parameters: BTreeMap::new(), given, scope };
        let frameworks = [Framework { name: framework_name, description, controls: vec![chosen] }];
        let chosen = &frameworks[0].controls[0];
        let place = Place { account: "111122223333".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let finding = Finding {
            framework: &frameworks[0],
            chosen,
            position: (0, 0),
            place: &place,
            resource: &Uid::new(kind.clone(), id.as_str()),
            called: Some(&called),
            answer: Answer::NonCompliant,
            reasons: std::slice::from_ref(&reason),
            said: std::slice::from_ref(&message).into(),
            evidence: &[],
            evidence_omitted: 0,
            missing: &[MissingFact { fact: fact.clone(), why: why.clone(), ..MissingFact::default() }],
            source: "",
        };
        let name = &chosen.control.name;
        let mut csv = findings::Csv::new(Vec::new()).unwrap();
        csv.write(&finding).unwrap();
        let missing = if fact.is_empty() { why } else { format!("{fact}: {why}") };
        let expected = [
            &frameworks[0].name, name, "medium", "NON_COMPLIANT", "111122223333", "eu-west-1", &kind, &id, &called,
            &reason, &message, &missing,
        ];
        assert_gives_back(&csv.finish().unwrap(), &findings::FIELDS, &expected);

        let time = "2026-03-01T06:00:00Z";
        let mut csv = resource_compliance::Csv::new(Vec::new()).unwrap();
        csv.write(&resource_compliance::Row::of(&finding, time)).unwrap();
        let short = match Arn::parse(&id) {
            Some(arn) if kind != "AWS::Backup::RecoveryPoint" => arn.resource_id(),
            _ => &id,
        };
        let resource = format!("{kind}/{short}");
        let expected = [
            "111122223333", "eu-west-1", &frameworks[0].name, &frameworks[0].description, name, &resource, &kind,
            "NON_COMPLIANT", time,
        ];
        assert_gives_back(&csv.finish().unwrap(), &resource_compliance::FIELDS, &expected);

        let basis = Basis {
            at: at(),
            inventory_digest: String::new(),
            places: vec![place.clone()],
            files: 0,
            coverage: Vec::new(),
            problems: Vec::new(),
            calls: None,
            jobs: Vec::new(),
        };
        let mut report = Report::new(&frameworks, basis);
        report.add(&finding);
        let mut csv = Vec::new();
        control_compliance::write_csv(&control_compliance::rows(&report, 0, time), &mut csv).unwrap();
        let parameters = serde_json::to_string(&chosen.given).unwrap();
        let scope = chosen.scope.shown();
        let expected = [
            "111122223333", "eu-west-1", &frameworks[0].name, &frameworks[0].description, name, "NON_COMPLIANT",
            time, "0", "1", "", &scope, &parameters,
        ];
        assert_gives_back(&csv, &control_compliance::FIELDS, &expected);
    }
}
