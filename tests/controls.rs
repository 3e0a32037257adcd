//! Every case of every control as a test of its own, and what every control must show in its cases and say in its README.
//! And that `controls/built-in.json` is what the controls are once parsed and validated; `COMPILE=1` writes it.
//!
//! Knows no control by name: a new folder under `controls/` is tested without a line here.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Display;
use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use backproof::catalog::{Catalog, CatalogError};
use backproof::control::{Control, MISSING_REASON};
use backproof::evaluate::run_case;
use backproof::model::Answer;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let catalog = match Catalog::built_in() {
        Ok(catalog) => Arc::new(catalog),
        Err(errors) => {
            let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let trial = Trial::test("the_built_in_controls_can_be_read", move || Err(text.into()));
            return libtest_mimic::run(&arguments, vec![trial]).exit_code();
        }
    };
    let mut trials = vec![
        Trial::test("built_in_json_is_what_the_controls_compile_to", compiled_is_up_to_date),
        Trial::test("compiled_controls_are_the_parsed_ones", compiled_are_parsed),
    ];
    for control in catalog.controls.values() {
        let folder = control.name.to_ascii_lowercase().replace('_', "-");
        trials.extend(cases(&folder, control, &catalog));
        let rules: [(&str, Rule); 5] = [
            ("every_way_to_fail_is_shown_by_a_case", every_forbid_is_shown),
            ("every_answer_it_can_give_is_shown_by_a_case", every_answer_is_shown),
            ("its_readme_has_its_headings", readme_has_headings),
            ("its_readme_names_cases_that_are_there", readme_names_real_cases),
            ("its_readme_says_what_its_parameters_are", readme_has_parameters),
        ];
        for (name, rule) in rules {
            let control = Arc::clone(control);
            trials.push(Trial::test(format!("{folder}::{name}"), move || rule(&control)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A file that is out of date does no harm, but then every start parses what has changed.
fn compiled_is_up_to_date() -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/controls/built-in.json");
    let compiled = backproof::catalog::compile().map_err(said)?;
    let written = fs::read_to_string(path).unwrap_or_default();
    if env::var_os("COMPILE").is_some() && written != compiled {
        fs::write(path, compiled)?;
        return Ok(());
    }
    must(
        written == compiled,
        "controls/built-in.json is not of these controls; write it anew with `COMPILE=1 cargo test --test controls`",
    )
}

fn said(errors: Vec<CatalogError>) -> Failed {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}

/// Whoever judges by what was compiled judges by what is written.
fn compiled_are_parsed() -> Result<(), Failed> {
    let parsed = Catalog::parsed().map_err(said)?;
    let compiled = Catalog::built_in().map_err(said)?;
    let types = |catalog: &Catalog| -> Vec<_> { catalog.vocabulary.types_without_annotations().collect() };
    must(types(&parsed) == types(&compiled), "the vocabularies differ")?;
    let names = |catalog: &Catalog| -> Vec<String> { catalog.controls.keys().cloned().collect() };
    must(names(&parsed) == names(&compiled), "there are other controls")?;
    for ((name, parsed), compiled) in parsed.controls.iter().zip(compiled.controls.values()) {
        must(parsed.policies == compiled.policies, format!("{name}: the policies differ"))?;
        must(all_else(parsed) == all_else(compiled), format!("{name} differs"))?;
    }
    Ok(())
}

/// All of a control but its policies, which Cedar compares.
fn all_else(control: &Control) -> String {
    let Control {
        name,
        title,
        severity,
        satisfied_by,
        evidence_from,
        missing,
        frequency,
        evidence,
        resources,
        parameters,
        policies: _,
        readme,
        cases,
        digest,
    } = control;
    let first = (name, title, severity, satisfied_by, evidence_from, missing, frequency);
    format!("{first:?} {:?}", (evidence, resources, parameters, readme, cases, digest))
}

/// Something that every control must keep.
type Rule = fn(&Control) -> Result<(), Failed>;

fn cases(folder: &str, control: &Arc<Control>, catalog: &Arc<Catalog>) -> Vec<Trial> {
    let trial = |case: &backproof::control::Case| {
        let (control, catalog, case) = (Arc::clone(control), Arc::clone(catalog), case.clone());
        Trial::test(format!("{folder}::{}", case.name), move || {
            run_case(&control, &case, &catalog.vocabulary).map_err(|failure| failure.to_string().into())
        })
    };
    control.cases.iter().map(trial).collect()
}

fn must(holds: bool, message: impl Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(message.to_string().into()) }
}

/// A `forbid` that no case names may be dead, or may say something that nobody has read.
fn every_forbid_is_shown(control: &Control) -> Result<(), Failed> {
    let shown: BTreeSet<&str> =
        control.cases.iter().flat_map(|it| it.reasons.iter().flatten()).map(String::as_str).collect();
    let mut ids: Vec<&str> =
        control.policies.iter().filter(|it| it.forbids).map(|it| it.id.as_str()).collect();
    if control.missing.is_some() {
        ids.push(MISSING_REASON);
    }
    for id in ids {
        must(shown.contains(id), format!("no case has the reason `{id}`"))?;
    }
    let with_messages = control.cases.iter().filter(|it| it.messages.is_some()).count();
    must(with_messages > 0, "no case shows a message")
}

/// A control with a `permit` that looks at nothing cannot be shown to answer NOT_APPLICABLE; all others give all four.
fn every_answer_is_shown(control: &Control) -> Result<(), Failed> {
    let conditional = control.policies.iter().filter(|it| !it.forbids).all(|it| !it.reads.is_empty());
    for answer in Answer::ALL {
        let shown = control.cases.iter().any(|it| it.answer == answer);
        let possible = answer != Answer::NotApplicable || conditional;
        must(shown || !possible, format!("no case shows {answer}"))?;
    }
    Ok(())
}

fn readme_has_headings(control: &Control) -> Result<(), Failed> {
    let mut lines = control.readme.lines();
    must(lines.next() == Some(&format!("# {}", control.name)), "its first line is not `# ` and its name")?;
    let headings: Vec<&str> = control.readme.lines().filter_map(|it| it.strip_prefix("## ")).collect();
    for (index, heading) in ["What it checks", "Why it matters", "How to fix it"].into_iter().enumerate() {
        must(headings.get(index) == Some(&heading), format!("heading {} is not `{heading}`", index + 1))?;
    }
    Ok(())
}

/// A table row of README's decisions ends in the name of the case that shows it.
fn readme_names_real_cases(control: &Control) -> Result<(), Failed> {
    let names: BTreeSet<&str> = control.cases.iter().map(|it| it.name.as_str()).collect();
    let Some((_, decisions)) = control.readme.split_once("## Decisions") else {
        return Ok(());
    };
    let decisions = decisions.split("\n## ").next().unwrap_or_default();
    let rows = decisions.lines().filter(|it| it.starts_with('|')).skip(2);
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        must(!named.is_empty(), format!("a decision names no case: {row}"))?;
        for name in named {
            must(names.contains(name), format!("there is no case `{name}`"))?;
        }
    }
    Ok(())
}

fn readme_has_parameters(control: &Control) -> Result<(), Failed> {
    let (_, table) = control.readme.split_once("## Parameters").unwrap_or_default();
    let row = |name: &str| table.lines().find(|it| it.starts_with(&format!("| `{name}` |")));
    for parameter in control.parameters.values() {
        let Some(row) = row(&parameter.name) else {
            return Err(format!("its README has no row for parameter `{}`", parameter.name).into());
        };
        if let Some(default) = &parameter.default {
            let said = row.split('|').map(str::trim).any(|it| it.trim_matches('`') == default);
            must(said, format!("its README does not say that `{}` is {default} by default", parameter.name))?;
        }
    }
    let rows = table.lines().filter(|it| it.starts_with("| `")).count();
    must(rows == control.parameters.len(), "its README has a row for a parameter that it does not take")
}
