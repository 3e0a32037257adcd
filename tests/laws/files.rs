//! Whatever is found, and however reports are split and compressed, files hold every row once and in order, each file is
//! whole by itself, and the manifest tells of exactly what is there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use backproof::control::hexadecimal;
use backproof::evaluate::Finding;
use backproof::inventory::Inventory;
use backproof::report::rows::Files;
use backproof::report::{Report, resource_compliance};
use backproof::report_folder::{ReportFolder, ReportManifest};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::formats::{Anything, anything, basis, finding, framework};
use super::hostile::name;
use super::{cases, recording};

/// Writes findings in chunks of so many.
fn write(
    folder: &Path,
    report: &Report<'_>,
    findings: &[Finding<'_>],
    chunk: usize,
    files: Files,
) -> ReportManifest {
    let mut output = ReportFolder::create(folder, report, files).unwrap();
    let mut rows = output.rows();
    for findings in findings.chunks(chunk) {
        findings.iter().for_each(|it| rows.write(it));
        rows.seal();
        output.append(&mut rows).unwrap();
        assert!(rows.is_empty());
    }
    output.finish(report, &nothing()).unwrap()
}

fn how(compress: bool, part_bytes: u64) -> Files {
    let files = Files { compress, ..Files::default() };
    Files { part_bytes, ..files }
}

fn nothing() -> Inventory {
    recording::read(&[])
}

/// What a file holds. One that is compressed is a single member, of which nothing is left over.
fn text(folder: &Path, key: &str) -> String {
    let bytes = fs::read(folder.join(key)).unwrap();
    let mut text = String::new();
    if key.ends_with(".gz") {
        assert_eq!(bytes[4..8], [0; 4], "{key} tells a time");
        let mut decoder = flate2::bufread::GzDecoder::new(bytes.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty(), "{key}");
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}

/// The files of a report, in the order of their names.
fn parts(manifest: &ReportManifest, begin: &str, extension: &str) -> Vec<String> {
    let keys = manifest.reports.iter().map(|it| it.key.clone());
    keys.filter(|it| {
        let name = it.rsplit('/').next().unwrap();
        name.starts_with(begin) && name.trim_end_matches(".gz").ends_with(extension)
    })
    .collect()
}

fn items(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    document["reportItems"].as_array().unwrap().clone()
}

fn assert_is_what_is_there(folder: &Path, manifest: &ReportManifest) {
    let mut there = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                there.insert(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert!(there.remove("manifest.json"));
    assert_eq!(there, manifest.reports.iter().map(|it| it.key.clone()).collect());
    for report in &manifest.reports {
        let bytes = fs::read(folder.join(&report.key)).unwrap();
        assert_eq!(bytes.len() as u64, report.bytes, "{}", report.key);
        assert_eq!(hexadecimal(&Sha256::digest(&bytes)), report.sha256, "{}", report.key);
    }
}

fn check(names: &[String], kinds: &[String], any: Vec<Anything>, chunk: usize, files: Files) {
    let frameworks = [framework("a", &names[0]), framework("b", &names[1])];
    let findings: Vec<Finding<'_>> = any.into_iter().map(|it| finding(&frameworks, kinds, it)).collect();
    let report = Report::new(&frameworks, basis());
    let (whole, split) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = write(whole.path(), &report, &findings, usize::MAX, Files::default());
    let several = write(split.path(), &report, &findings, chunk, files);
    assert_is_what_is_there(whole.path(), &one);
    assert_is_what_is_there(split.path(), &several);

    let joined = |of: &ReportManifest, at: &Path, begin: &str, extension: &str| -> Vec<String> {
        parts(of, begin, extension).iter().map(|it| text(at, it)).collect()
    };
    let ndjson = joined(&several, split.path(), "findings", ".ndjson").concat();
    assert_eq!(ndjson, joined(&one, whole.path(), "findings", ".ndjson").concat());
    for begin in
        ["RESOURCE_COMPLIANCE_REPORT_a_", "RESOURCE_COMPLIANCE_REPORT_b_", "CONTROL_COMPLIANCE_REPORT_a_"]
    {
        let whole_csv = joined(&one, whole.path(), begin, ".csv").concat();
        let header = whole_csv.lines().next().unwrap().to_owned() + "\n";
        let mut csv = header.clone();
        for part in joined(&several, split.path(), begin, ".csv") {
            csv.push_str(part.strip_prefix(&header).unwrap());
        }
        assert_eq!(csv, whole_csv);
        let of = |documents: Vec<String>| documents.iter().flat_map(|it| items(it)).collect::<Vec<_>>();
        assert_eq!(
            of(joined(&several, split.path(), begin, ".json")),
            of(joined(&one, whole.path(), begin, ".json"))
        );
    }
    // The same run writes the same bytes, and a later one leaves nothing of an earlier one behind.
    let again = write(split.path(), &report, &findings, chunk, files);
    assert_eq!(several, again);
    let replaced = write(split.path(), &report, &findings, usize::MAX, Files::default());
    assert_eq!(replaced, one);
    assert_is_what_is_there(split.path(), &replaced);
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn files_hold_every_row_once_and_in_order_however_they_are_split(
        names in vec(name(), 2),
        kinds in vec(name(), 4),
        any in vec(anything(), 0..24),
        chunk in 1..6_usize,
        part_bytes in prop::sample::select(vec![1, 700, 3_000, 50_000_000]),
        compress in any::<bool>(),
    ) {
        check(&names, &kinds, any, chunk, how(compress, part_bytes));
    }
}

fn some_findings<'a>(frameworks: &'a [backproof::framework::Framework], count: usize) -> Vec<Finding<'a>> {
    let kinds = [const { String::new() }; 4].map(|_| "AWS::EC2::Volume".to_owned());
    let one = |number: usize| {
        let texts = vec![format!("reason {}", number % 7); number % 3];
        let resource = [format!("arn:aws:ec2:eu-west-1::snapshot/snap-{number:08}"), "é\"\n".to_owned()];
        let which = (number % 4, number % 3, true);
        let answer = backproof::model::Answer::ALL[number % 4];
        finding(frameworks, &kinds, (which, answer, resource, texts.clone(), texts, Vec::new(), 0))
    };
    (0..count).map(one).collect()
}

#[test]
fn no_file_is_longer_than_it_may_be_and_none_is_split_before() {
    const MOST: u64 = 3 << 20;
    let frameworks = [framework("a", "x"), framework("b", "y")];
    let findings = some_findings(&frameworks, 40_000);
    let report = Report::new(&frameworks, basis());
    for compress in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let files = how(compress, MOST);
        let manifest = write(folder.path(), &report, &findings, 40_000, files);
        assert_is_what_is_there(folder.path(), &manifest);
        let lengths = |extension: &str| -> Vec<u64> {
            let keys = parts(&manifest, "findings", extension);
            keys.iter().map(|it| fs::metadata(folder.path().join(it)).unwrap().len()).collect()
        };
        let lengths = lengths(".ndjson");
        assert_eq!(lengths.len() > 1, !compress, "{lengths:?}");
        // A piece that does not fit any more has about 1 MiB.
        let (last, full) = lengths.split_last().unwrap();
        assert!(full.iter().all(|it| *it <= MOST && *it > MOST - (2 << 20)), "{lengths:?}");
        assert!(*last <= MOST);
        let lines: usize = parts(&manifest, "findings", ".ndjson")
            .iter()
            .map(|it| text(folder.path(), it).lines().count())
            .sum();
        assert_eq!(lines, findings.len());
    }
}

#[test]
fn a_run_that_is_given_up_leaves_nothing_behind() {
    let frameworks = [framework("a", "x")];
    let report = Report::new(&frameworks, basis());
    let folder = tempfile::tempdir().unwrap();
    let files = Files { part_bytes: 1, ..Files::default() };
    let mut output = ReportFolder::create(folder.path(), &report, files).unwrap();
    let mut rows = output.rows();
    for finding in some_findings(&frameworks, 1) {
        rows.write(&finding);
        output.append(&mut rows).unwrap();
    }
    drop(output);
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path()).collect();
    left.retain(|it| it.is_file());
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_cannot_be_written_is_told_with_the_file() {
    let frameworks = [framework("a", "x")];
    let report = Report::new(&frameworks, basis());
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("findings.ndjson.part")).unwrap();
    let error = ReportFolder::create(folder.path(), &report, Files::default()).err().unwrap().to_string();
    let expected = format!("cannot write `{}`: ", folder.path().join("findings.ndjson").display());
    assert!(error.starts_with(&expected), "{error}");
    assert!(!resource_compliance::FIELDS.is_empty());
    assert!(File::open(folder.path().join("manifest.json")).is_err());
}

#[cfg(feature = "parquet")]
mod columns {
    use parquet::basic::{Compression, Encoding};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Row, RowAccessor};

    use super::*;

    fn open(folder: &Path, key: &str) -> SerializedFileReader<File> {
        SerializedFileReader::new(File::open(folder.join(key)).unwrap()).unwrap()
    }

    fn list(row: &Row, column: usize) -> Vec<String> {
        use parquet::record::ListAccessor;
        let list = row.get_list(column).unwrap();
        (0..list.len()).map(|it| list.get_string(it).unwrap().clone()).collect()
    }

    fn assert_is_of(row: &Row, finding: &Finding<'_>) {
        let account = finding.place.account.to_string();
        let expected = [
            finding.framework.name.as_str(),
            &finding.chosen.control.name,
            finding.chosen.control.severity.as_str(),
            finding.answer.as_str(),
            &account,
            finding.place.region.as_str(),
            &finding.resource.type_name,
            &finding.resource.id,
            finding.name(),
        ];
        for (column, text) in expected.into_iter().enumerate() {
            assert_eq!(row.get_string(column).unwrap(), text);
        }
        assert_eq!(list(row, 9), finding.reasons);
        assert_eq!(list(row, 10), finding.messages());
        let missing: Vec<String> = finding
            .missing
            .iter()
            .map(|it| match it.fact.is_empty() {
                true => it.why.clone(),
                false => format!("{}: {}", it.fact, it.why),
            })
            .collect();
        assert_eq!(list(row, 11), missing);
        assert_eq!(row.get_timestamp_millis(12).unwrap(), crate::at().as_millisecond());
    }

    proptest! {
        #![proptest_config(cases(24))]

        #[test]
        fn parquet_gives_every_finding_back(
            kinds in vec(name(), 4),
            any in vec(anything(), 0..24),
            chunk in 1..6_usize,
        ) {
            let frameworks = [framework("a", "x"), framework("b", "y")];
            let findings: Vec<Finding<'_>> = any.into_iter().map(|it| finding(&frameworks, &kinds, it)).collect();
            let report = Report::new(&frameworks, basis());
            let folder = tempfile::tempdir().unwrap();
            let files = Files { parquet: true, ..Files::default() };
            let manifest = write(folder.path(), &report, &findings, chunk, files);
            assert_is_what_is_there(folder.path(), &manifest);
            let reader = open(folder.path(), "findings.parquet");
            let rows: Vec<Row> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(rows.len(), findings.len());
            rows.iter().zip(&findings).for_each(|(row, finding)| assert_is_of(row, finding));
            prop_assert_eq!(write(folder.path(), &report, &findings, chunk, files), manifest);
        }
    }

    #[test]
    fn groups_are_bounded_texts_that_repeat_are_told_once_and_files_are_split() {
        let frameworks = [framework("a", "x"), framework("b", "y")];
        let findings = some_findings(&frameworks, 150_000);
        let report = Report::new(&frameworks, basis());
        let folder = tempfile::tempdir().unwrap();
        let files = Files { parquet: true, part_bytes: 1, ..Files::default() };
        let manifest = write(folder.path(), &report, &findings, 1_000, files);
        assert_is_what_is_there(folder.path(), &manifest);
        let keys = parts(&manifest, "findings", ".parquet");
        assert_eq!(keys.len(), 3);
        let mut all = findings.iter();
        for key in &keys {
            let reader = open(folder.path(), key);
            for group in reader.metadata().row_groups() {
                assert!(group.num_rows() < 67_000, "{}", group.num_rows());
                for column in group.columns() {
                    assert!(
                        matches!(column.compression(), Compression::ZSTD(_)),
                        "{:?}",
                        column.compression()
                    );
                }
                let control = group.column(1);
                assert!(control.encodings().any(|it| it == Encoding::RLE_DICTIONARY));
            }
            for row in reader.get_row_iter(None).unwrap() {
                assert_is_of(&row.unwrap(), all.next().unwrap());
            }
        }
        assert_eq!(all.next().map(|it| it.name().to_owned()), None);
    }
}
