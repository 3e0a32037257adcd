//! The repository tests itself: who may name whom, what no core file says, and what every control and file must have.
//!
//! Reads the sources as text and calls no other program.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use backproof::catalog::{Catalog, DEFAULT_FRAMEWORK};
use backproof::collect::folder;
use backproof::cost::CONTROLS_OF_AWS;
use backproof::facts::{Fact, Facts, Thing, Wanted};
use backproof::model::ResourceType;
use backproof::vocabulary::{Attribute, Type};

/// Every module with the modules it may name. One may only name what stands above it, so there is no circle.
const ARROWS: [(&str, &[&str]); 24] = [
    ("model", &[]),
    ("vocabulary", &[]),
    ("cost", &[]),
    ("ordered", &[]),
    ("inventory", &["model", "ordered"]),
    ("schedule", &["model"]),
    ("selection", &["model"]),
    ("vault_policy", &["model"]),
    ("facts", &["inventory", "model", "schedule", "selection", "vault_policy", "vocabulary"]),
    ("control", &["facts", "model", "vocabulary"]),
    ("framework", &["control", "facts", "model"]),
    ("evaluate", &["control", "facts", "framework", "inventory", "model", "ordered", "vocabulary"]),
    ("report", &["control", "cost", "evaluate", "facts", "framework", "inventory", "model"]),
    ("report_folder", &["control", "evaluate", "inventory", "report"]),
    ("collect", &["control", "facts", "framework", "inventory", "model", "vocabulary"]),
    ("aws", &["collect", "inventory", "model"]),
    ("ledger", &["control", "evaluate", "model", "report"]),
    ("shard", &["evaluate", "facts", "framework", "ledger", "report", "vocabulary"]),
    ("event", &["control", "facts", "ledger", "model"]),
    ("alert", &["control", "ledger", "model", "report"]),
    ("catalog", &["control", "framework", "model", "vocabulary"]),
    ("survey", &["aws", "collect", "inventory", "model"]),
    (
        "lambda",
        &[
            "alert",
            "aws",
            "catalog",
            "collect",
            "control",
            "cost",
            "evaluate",
            "event",
            "facts",
            "framework",
            "inventory",
            "ledger",
            "model",
            "report",
            "report_folder",
            "shard",
            "survey",
        ],
    ),
    (
        "cli",
        &[
            "aws",
            "catalog",
            "collect",
            "control",
            "evaluate",
            "facts",
            "framework",
            "inventory",
            "ledger",
            "model",
            "report",
            "report_folder",
            "schedule",
            "shard",
            "survey",
            "vault_policy",
            "vocabulary",
        ],
    ),
];

/// Modules and files that are the outside; all others are pure and synchronous.
const OUTSIDE: [&str; 10] = [
    "src/aws",
    // The one place that starts threads.
    "src/ordered",
    "src/collect",
    "src/ledger/dynamodb",
    "src/ledger/sqlite",
    "src/catalog",
    "src/report_folder",
    "src/survey",
    "src/lambda",
    "src/cli",
];

/// What no file of the core says.
const WORDS_OF_THE_OUTSIDE: [&str; 18] = [
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::thread",
    "tokio",
    "clap",
    "anstream",
    "aws_",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "async fn",
    "println!",
    "include_dir",
    "rusqlite",
];

/// Facts that the example estate cannot show, with why.
const NOT_IN_THE_EXAMPLE: [(&str, &str); 4] = [
    (
        "AWS::Backup::CopyAction.lifecycle.moveToColdStorageAfterDays",
        "no copy of the example goes to cold storage",
    ),
    ("AWS::Backup::BackupRule.frequency.problem", "AWS refuses a rule that does not keep running"),
    (
        "AWS::Backup::BackupRule.logicallyAirGapped.targetLogicallyAirGappedBackupVaultArn",
        "the example's air-gapped vault is in another account, where a rule cannot store",
    ),
    ("AWS::Backup::BackupRule.overlap.losesTo", "no rule of the example always loses"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project that is text, by its path from the root.
fn texts() -> BTreeMap<String, String> {
    fn walk(folder: &Path, texts: &mut BTreeMap<String, String>) {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if [".git", "target"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, texts);
            } else if let Ok(text) = fs::read_to_string(&path) {
                texts.insert(name, text);
            }
        }
    }
    let mut texts = BTreeMap::new();
    walk(root(), &mut texts);
    assert!(texts.len() > 50, "the project's files were not found");
    texts
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    texts().into_iter().filter(|(name, _)| name.starts_with(folder) && name.ends_with(".rs")).collect()
}

/// The module a file of `src/` belongs to.
fn module_of(name: &str) -> &str {
    let path = name.strip_prefix("src/").unwrap();
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

/// A source without its inline tests, which stand last, and without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|it| !it.trim_start().starts_with("//")).map(|it| format!("{it}\n")).collect()
}

/// The code of every module of the library: its files with their code.
fn modules() -> BTreeMap<String, Vec<(String, String)>> {
    let mut modules: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (name, text) in rust_files("src/") {
        let module = module_of(&name).to_owned();
        if module != "bin" && module != "lib" && !is_test_file(&name) {
            modules.entry(module).or_default().push((name, code_of(&text)));
        }
    }
    modules
}

#[test]
fn modules_name_only_what_stands_before_them() {
    let known: Vec<&str> = ARROWS.iter().map(|(module, _)| *module).collect();
    for (index, (module, allowed)) in ARROWS.iter().enumerate() {
        for other in *allowed {
            assert!(known[..index].contains(other), "the table lets `{module}` name `{other}` below it");
        }
    }
    for (module, files) in modules() {
        let Some((_, allowed)) = ARROWS.iter().find(|(it, _)| *it == module) else {
            panic!("`{module}` is not in the table of arrows; put it where it belongs");
        };
        for (name, code) in files {
            for named in modules_named(&code) {
                let good = named == module || allowed.contains(&named.as_str());
                assert!(good, "{name} names `crate::{named}`, which `{module}` must not");
            }
            let up = "super::".repeat(name.matches('/').count());
            assert!(!code.contains(&up), "{name} leaves its module by `{up}`; say `crate::`");
        }
    }
}

/// The modules named as `crate::a` or in `crate::{a, b}`.
fn modules_named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    let mut named: Vec<String> = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => named.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let list = list.split('}').next().unwrap();
                let top = list.split(',').filter(|part| {
                    let outside = depth == 0;
                    depth += part.matches('{').count();
                    outside
                });
                named.extend(top.map(|it| word(it.trim())).filter(|it| !it.is_empty()));
            }
        }
    }
    named
}

#[test]
fn the_core_says_no_word_of_the_outside() {
    for (module, files) in modules() {
        for (name, code) in files {
            if OUTSIDE.iter().any(|it| name.starts_with(it)) {
                continue;
            }
            for word in WORDS_OF_THE_OUTSIDE {
                assert!(!code.contains(word), "{name} says `{word}`; {module} is pure and synchronous");
            }
        }
    }
}

#[test]
fn binaries_only_wire() {
    let binaries = rust_files("src/bin/");
    assert!(!binaries.is_empty());
    for (name, text) in binaries {
        assert!(text.lines().count() < 30, "{name} has {} lines", text.lines().count());
    }
}

#[test]
fn every_rust_file_opens_with_what_it_is_and_ends_in_time() {
    for folder in ["src/", "tests/", "benches/"] {
        for (name, text) in rust_files(folder) {
            assert!(text.starts_with("//! "), "{name} does not open with `//!`");
            let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().count();
            // Tables of cases may be longer than code.
            let most = if name.contains("/tests/") { 800 } else { 600 };
            assert!(lines <= most, "{name} has {lines} lines");
            assert!(!name.ends_with("/mod.rs"), "{name}: say `foo.rs` beside `foo/`");
        }
    }
}

#[test]
fn nothing_is_left_to_do_and_no_machine_is_named() {
    let marks = ["TODO", "FIXME", "XXX"];
    // Put together here, so that this file does not say them.
    let places = ["work", "tmp", "root", "home"].map(|it| format!("/{it}/"));
    for (name, text) in texts() {
        if name == "tests/tidy.rs" || name == "Cargo.lock" {
            continue;
        }
        for mark in marks {
            assert!(!text.contains(mark), "{name} says {mark}");
        }
        for place in &places {
            assert!(!text.contains(place.as_str()), "{name} names a folder of a machine, {place}");
        }
    }
}

#[test]
fn errors_are_lower_case_and_end_without_a_full_stop() {
    let mut seen = 0;
    for (_, files) in modules() {
        for (name, code) in files {
            for (at, mark) in code.match_indices("#[error(") {
                let rest = code[at + mark.len()..].trim_start();
                let Some(message) = rest.strip_prefix('"').and_then(|it| it.split("\")]").next()) else {
                    continue;
                };
                assert_is_a_message(&name, message.split("\",").next().unwrap());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "only {seen} errors were found");
}

fn assert_is_a_message(whose: &str, message: &str) {
    let first = message.trim_start_matches('"').chars().next();
    let good = first.is_some_and(|it| it.is_lowercase() || "`{".contains(it));
    assert!(good, "{whose}: `{message}` does not begin in lower case");
    assert!(!message.trim_end().ends_with('.'), "{whose}: `{message}` ends with a full stop");
}

fn is_kebab_case(text: &str) -> bool {
    let word = |it: &str| {
        !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('-').all(word)
}

#[test]
fn control_folders_are_complete_and_named_like_their_control() {
    let catalog = Catalog::built_in().unwrap();
    let texts = texts();
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in texts.keys() {
        if let Some((folder, file)) = name.strip_prefix("controls/").and_then(|it| it.split_once('/')) {
            folders.entry(folder).or_default().insert(file);
        }
    }
    folders.remove("frameworks");
    let names: Vec<String> = folders.keys().map(|it| it.to_ascii_uppercase().replace('-', "_")).collect();
    assert_eq!(names, catalog.controls.keys().cloned().collect::<Vec<_>>());
    for (folder, files) in folders {
        assert!(is_kebab_case(folder), "controls/{folder}");
        let expected = BTreeSet::from(["README.md", "cases.json", "control.cedar", "control.cedarschema"]);
        assert_eq!(files, expected, "controls/{folder}");
    }
}

#[test]
fn policies_have_ids_and_messages_in_one_style() {
    let catalog = Catalog::built_in().unwrap();
    for control in catalog.controls.values() {
        for policy in control.policies.iter() {
            assert!(is_kebab_case(&policy.id), "{}: `{}` is not kebab-case", control.name, policy.id);
        }
        let folder = control.name.to_ascii_lowercase().replace('_', "-");
        for file in ["control.cedar", "control.cedarschema"] {
            let text = fs::read_to_string(root().join("controls").join(&folder).join(file)).unwrap();
            for line in text.lines() {
                for annotation in ["@message(\"", "@missing(\""] {
                    if let Some(message) = line.trim().strip_prefix(annotation) {
                        let message = message.trim_end_matches("\")");
                        assert_is_a_message(&format!("{folder}/{file}"), message);
                        assert!(message.contains('{'), "{folder}/{file}: `{message}` names nothing");
                    }
                }
            }
        }
    }
}

#[test]
fn frameworks_name_real_controls_and_the_default_one_has_all_of_aws_s() {
    let catalog = Catalog::built_in().unwrap();
    let names: Vec<String> = catalog.framework_names().map(str::to_owned).collect();
    assert!(names.iter().any(|it| it == DEFAULT_FRAMEWORK));
    for name in &names {
        let frameworks = catalog.frameworks(name).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(frameworks.len(), 1, "{name}");
        if name == DEFAULT_FRAMEWORK {
            let chosen: BTreeSet<&str> =
                frameworks[0].controls.iter().map(|it| it.control.name.as_str()).collect();
            for control in catalog.controls.keys().filter(|it| CONTROLS_OF_AWS.contains(&it.as_str())) {
                assert!(chosen.contains(control.as_str()), "{name}.json lacks {control}");
            }
        }
    }
}

#[test]
fn the_readme_lists_every_control_as_it_is() {
    let catalog = Catalog::built_in().unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for control in catalog.controls.values() {
        let folder = control.name.to_ascii_lowercase().replace('_', "-");
        let row = format!(
            "| [`{}`](controls/{folder}/README.md) | {} | {} |",
            control.name, control.severity, control.title
        );
        assert!(readme.lines().any(|it| it == row), "README.md has no line `{row}`");
    }
    let rows = readme.lines().filter(|it| it.starts_with("| [`")).count();
    assert_eq!(rows, catalog.controls.len(), "README.md lists a control that is not there");
}

/// Every fact of the vocabulary as `Type.fact` or `Type.fact.field`; the protectable types share theirs.
fn facts_of(type_name: &str, attributes: &BTreeMap<String, Attribute>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, attribute) in attributes {
        let path = format!("{type_name}.{name}");
        if let Type::Record(fields) = &attribute.value {
            found.extend(facts_of(&path, fields));
        }
        found.push(path);
    }
    found
}

fn facts_known_of(path: &str, name: &str, fact: &Fact, found: &mut BTreeSet<String>) {
    let path = format!("{path}.{name}");
    if let Fact::Record(fields) = fact {
        for (name, fact) in fields {
            facts_known_of(&path, name, fact, found);
        }
    }
    found.insert(path);
}

fn shared_name(type_name: &str) -> &str {
    match ResourceType::from_cloudformation(type_name) {
        Some(_) => "a protectable resource",
        None => type_name,
    }
}

#[test]
fn the_example_shows_every_fact_of_the_vocabulary_and_all_fit_it() {
    let vocabulary = Catalog::built_in().unwrap().vocabulary;
    let inventory =
        folder::read(&root().join("examples/acme"), 1, jiff::Timestamp::MIN, &mut |_| {}).unwrap().inventory;
    let facts = Facts::new(&inventory, "2026-03-01T06:00:00Z".parse().unwrap());
    let mut found = BTreeSet::new();
    let mut learn = |thing: &Thing| {
        thing.check(&vocabulary).unwrap_or_else(|error| panic!("{}: {error}", thing.uid));
        for (name, fact) in &thing.attributes {
            facts_known_of(shared_name(&thing.uid.type_name), name, fact, &mut found);
        }
        thing.parents.clone()
    };
    let wanted = Wanted::all_of(vocabulary.type_names());
    facts
        .each_that_flows(&wanted, &mut |thing| {
            learn(&thing);
        })
        .unwrap();
    for place in facts.places() {
        for family in facts.families(place, &wanted) {
            let members = family.members.iter().map(|it| &it.thing);
            let mut wanted: Vec<_> = family.subject.iter().chain(members).flat_map(&mut learn).collect();
            let mut seen = BTreeSet::new();
            while let Some(uid) = wanted.pop() {
                if seen.insert(uid.clone()) {
                    wanted.extend(learn(&facts.shared(&uid)));
                }
            }
        }
    }
    let mut declared = BTreeSet::new();
    for type_name in vocabulary.type_names() {
        let entity_type = vocabulary.entity_type(type_name).unwrap();
        declared.extend(facts_of(shared_name(type_name), &entity_type.attributes));
    }
    let excused: BTreeSet<String> = NOT_IN_THE_EXAMPLE.iter().map(|(it, _)| (*it).to_owned()).collect();
    let lacking: BTreeSet<String> = declared.difference(&found).cloned().collect();
    assert_eq!(lacking, excused, "left: facts the example does not show; right: those with a reason");
}
