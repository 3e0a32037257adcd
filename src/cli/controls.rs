//! `backproof controls`: list, show, check, test and begin controls.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use clap::Subcommand;

use super::{ControlsArgs, ExitStatus, Failure, output, scaffold};
use crate::catalog::Catalog;
use crate::control::{Control, EvidenceFrom, SatisfiedBy};
use crate::evaluate::run_case;

#[derive(Debug, Subcommand)]
pub(super) enum ControlsCommand {
    /// List the controls and the frameworks.
    List {
        #[command(flatten)]
        controls: ControlsArgs,
    },
    /// Show a control: what it checks, its parameters, how to fix what it finds.
    Show {
        /// The control's name, such as BACKUP_RECOVERY_POINT_ENCRYPTED
        name: String,
        #[command(flatten)]
        controls: ControlsArgs,
    },
    /// Check the controls of a folder: every error of every control, with its place in the source.
    Check {
        /// The folder [default: only the built-in controls]
        dir: Option<PathBuf>,
    },
    /// Run the cases of a control, or of all.
    Test {
        /// The control's name [default: all]
        name: Option<String>,
        #[command(flatten)]
        controls: ControlsArgs,
    },
    /// Begin a control of one's own: a folder that already passes its cases.
    New {
        /// The control's name, such as MY_RULE
        name: String,
        /// The folder of controls it is put into
        #[arg(long = "controls", value_name = "DIR", default_value = "controls")]
        dir: PathBuf,
    },
}

pub(super) fn run(
    command: &ControlsCommand,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    match command {
        ControlsCommand::List { controls } => list(&controls.load()?, stdout),
        ControlsCommand::Show { name, controls } => show(&controls.load()?, name, stdout),
        ControlsCommand::Check { dir } => check(dir.as_ref(), stdout, stderr),
        ControlsCommand::Test { name, controls } => test(&controls.load()?, name.as_deref(), stdout),
        ControlsCommand::New { name, dir } => scaffold::new_control(name, dir, stdout),
    }
}

fn list(catalog: &Catalog, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    let width = catalog.controls.keys().map(String::len).max().unwrap_or_default();
    for (name, control) in &catalog.controls {
        let custom = if catalog.custom.contains(name) { " (custom)" } else { "" };
        writeln!(stdout, "{name:width$}  {:8}  {}{custom}", control.severity, control.title)?;
    }
    let frameworks = catalog.framework_names().collect::<Vec<_>>().join(", ");
    writeln!(stdout, "\nframeworks: {frameworks}")?;
    Ok(ExitStatus::Success)
}

fn named<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Arc<Control>, Failure> {
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    catalog.controls.get(&wanted).ok_or_else(|| {
        let known: Vec<&str> = catalog.controls.keys().map(String::as_str).collect();
        Failure::Message(format!("there is no control `{name}`; known are {}", known.join(", ")))
    })
}

fn show(catalog: &Catalog, name: &str, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    let control = named(catalog, name)?;
    writeln!(stdout, "{}\n", control.readme.trim_end())?;
    writeln!(stdout, "severity    {}", control.severity)?;
    writeln!(stdout, "judges      {}", control.resources.join(", "))?;
    if !control.evidence.is_empty() {
        let how = match control.satisfied_by {
            SatisfiedBy::Any => "one good piece is enough",
            SatisfiedBy::Every => "all must be good",
        };
        let place = match control.evidence_from {
            EvidenceFrom::Region => "of the same account and Region",
            EvidenceFrom::Inventory => "of any account and Region",
        };
        writeln!(stdout, "evidence    {} {place}; {how}", control.evidence.join(", "))?;
    }
    let reasons: Vec<&str> =
        control.policies.iter().filter(|it| it.forbids).map(|it| it.id.as_str()).collect();
    writeln!(stdout, "reasons     {}", reasons.join(", "))?;
    writeln!(stdout, "asked       {}", control.policies.sharing)?;
    for parameter in control.parameters.values() {
        let default = match (&parameter.default, parameter.required) {
            (Some(default), _) => format!("default {default}"),
            (None, true) => "required".to_owned(),
            (None, false) => "optional".to_owned(),
        };
        writeln!(
            stdout,
            "parameter   {}: {} ({default}; {})",
            parameter.name,
            parameter.doc,
            parameter.taken()
        )?;
    }
    writeln!(stdout, "cases       {}", control.cases.len())?;
    writeln!(stdout, "sha256      {}", control.digest)?;
    Ok(ExitStatus::Success)
}

fn check(
    dir: Option<&PathBuf>,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    if let Some(dir) = dir {
        let mut catalog = Catalog::built_in()?;
        if let Err(errors) = catalog.add_folder(dir) {
            output::show_errors(&errors, stderr)?;
            return Ok(ExitStatus::NonCompliant);
        }
        for name in &catalog.custom {
            writeln!(stdout, "{name} is in order")?;
        }
    } else {
        writeln!(stdout, "{} built-in controls are in order", Catalog::parsed()?.controls.len())?;
    }
    Ok(ExitStatus::Success)
}

fn test(catalog: &Catalog, name: Option<&str>, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    let controls: Vec<&Arc<Control>> = match name {
        Some(name) => vec![named(catalog, name)?],
        None => catalog.controls.values().collect(),
    };
    let (good, bad) = (
        Style::new().fg_color(Some(AnsiColor::Green.into())),
        Style::new().fg_color(Some(AnsiColor::Red.into())),
    );
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for control in controls {
        for case in control.cases.iter() {
            match run_case(control, case, &catalog.vocabulary) {
                Ok(()) => {
                    passed += 1;
                    writeln!(stdout, "{good}pass{good:#}  {}::{}", control.name, case.name)?;
                }
                Err(failure) => {
                    failed += 1;
                    writeln!(stdout, "{bad}FAIL{bad:#}  {}::{}\n      {failure}", control.name, case.name)?;
                }
            }
        }
    }
    writeln!(stdout, "{passed} passed, {failed} failed")?;
    Ok(if failed == 0 { ExitStatus::Success } else { ExitStatus::NonCompliant })
}
