//! A control of one's own, from its first file to its first finding, and everything that can be wrong with one.

use std::fs;
use std::path::Path;

use super::backproof;
use super::process::{Run, root};

fn new(folder: &Path, name: &str) -> Run {
    backproof(&["controls", "new", name, "--controls", folder.to_str().unwrap()])
}

fn check(folder: &Path) -> Run {
    backproof(&["controls", "check", folder.to_str().unwrap()])
}

#[test]
fn a_control_goes_from_its_first_file_to_the_next_report() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert_eq!(new(folder.path(), "MY_RULE").status, 0);
    assert_eq!(new(folder.path(), "MY_RULE").status, 1, "it is there already");
    let schema = folder.path().join("my-rule/control.cedarschema");
    let text = fs::read_to_string(&schema).unwrap();
    assert!(text.contains(r#"@default("1000")"#), "as the README says");
    fs::write(&schema, text.replace(r#"@default("1000")"#, r#"@default("100")"#)).unwrap();
    let run = check(folder.path());
    assert_eq!((run.status, run.stdout.as_str()), (0, "MY_RULE is in order\n"));
    let run = backproof(&["controls", "test", "MY_RULE", "--controls", dir]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert!(run.stdout.ends_with("3 passed, 0 failed\n"));
    let acme = root().join("examples/acme");
    let run = backproof(&[
        "audit",
        acme.to_str().unwrap(),
        "--at",
        "2026-03-01T06:00:00Z",
        "--controls",
        dir,
        "--format",
        "csv",
    ]);
    assert_eq!(run.status, 3);
    let rows: Vec<&str> =
        run.stdout.lines().filter(|line| line.starts_with("custom_controls,MY_RULE,")).collect();
    assert_eq!(rows.len(), 16, "one for each vault");
    assert!(rows.iter().any(|row| row.contains("vault prod-primary holds 183 recovery points, at most 100 are expected")), "{rows:?}");
}

#[test]
fn a_mistake_is_underlined_in_its_source() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "MY_RULE");
    let file = folder.path().join("my-rule/control.cedar");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("resource.numberOfRecoveryPoints > context", "resource.name > context"))
        .unwrap();
    let run = check(folder.path());
    assert_eq!(run.status, 3);
    insta::assert_snapshot!("underlined", run.stderr);
}

#[test]
fn every_mistake_of_every_control_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, file, from, to) in [
        ("BAD_SYNTAX", "control.cedar", "when {", "whenever {"),
        ("NO_ID", "control.cedar", "@id(\"in-scope\")\n", ""),
        ("NO_SEVERITY", "control.cedarschema", "\"medium\"", "\"urgent\""),
        ("OTHER_NAME", "control.cedarschema", "OTHER_NAME", "ANOTHER"),
        ("BAD_CASES", "cases.json", "[", "{"),
        ("BAD_MESSAGE", "control.cedar", "{resource.name}", "{resource.nothing}"),
        ("CIRCLE", "control.cedarschema", "@title", "type A = { a: B }; type B = { b: A };\n@title"),
        ("OTHER_SPACE", "control.cedarschema", "namespace Control", "namespace AWS::Backup"),
    ] {
        new(folder.path(), name);
        let file = folder.path().join(name.to_lowercase().replace('_', "-")).join(file);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
    }
    let run = check(folder.path());
    assert_eq!(run.status, 3);
    for name in [
        "BAD_SYNTAX",
        "NO_ID",
        "NO_SEVERITY",
        "OTHER_NAME",
        "BAD_CASES",
        "BAD_MESSAGE",
        "CIRCLE",
        "OTHER_SPACE",
    ] {
        assert!(run.stderr.contains(&format!("control `{name}`")), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_built_in_control_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let run = new(folder.path(), "BACKUP_RECOVERY_POINT_ENCRYPTED");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("is a built-in control; a custom control has a name of its own"),
        "{}",
        run.stderr
    );
    let built_in = "controls/backup-recovery-point-encrypted";
    let copy = folder.path().join("backup-recovery-point-encrypted");
    super::process::copy(&root().join(built_in), &copy);
    let run = check(folder.path());
    assert_eq!(run.status, 3);
    assert!(
        run.stderr.contains("which there is already; a custom control has a name of its own"),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_control_cannot_show_other_files() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "MY_RULE");
    let secret = folder.path().join("secret");
    fs::write(&secret, "top secret").unwrap();
    let file = folder.path().join("my-rule/control.cedar");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(secret, &file).unwrap();
    let run = check(folder.path());
    assert_eq!(run.status, 3);
    assert!(run.stderr.contains("is a symbolic link"), "{}", run.stderr);
    assert!(!run.stderr.contains("top secret"));
}

#[test]
fn a_case_that_does_not_hold_fails() {
    let folder = tempfile::tempdir().unwrap();
    new(folder.path(), "MY_RULE");
    let file = folder.path().join("my-rule/cases.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"COMPLIANT\"", "\"NON_COMPLIANT\"", 1)).unwrap();
    let run = backproof(&["controls", "test", "my-rule", "--controls", folder.path().to_str().unwrap()]);
    assert_eq!(run.status, 3);
    assert!(run.stdout.contains("answer is COMPLIANT (); the case says NON_COMPLIANT"), "{}", run.stdout);
}

#[test]
fn a_control_says_which_questions_share_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    for (name, condition) in [
        ("SHARED", "resource.numberOfRecoveryPoints > context.maxRecoveryPoints && resource.hasTag(\"env\")"),
        ("ONE_BY_ONE", "resource.hasTag(resource.name)"),
    ] {
        new(folder.path(), name);
        let file = folder.path().join(name.to_lowercase().replace('_', "-")).join("control.cedar");
        let text = fs::read_to_string(&file).unwrap();
        let written = "resource.numberOfRecoveryPoints > context.maxRecoveryPoints";
        assert!(text.contains(written), "{text}");
        fs::write(&file, text.replace(written, condition)).unwrap();
        let run = backproof(&["controls", "show", name, "--controls", folder.path().to_str().unwrap()]);
        let asked = run.stdout.lines().filter(|it| it.starts_with("asked"));
        shown.extend(asked.map(|it| format!("{name}: {it}\n")));
    }
    insta::assert_snapshot!("sharing", shown);
}
