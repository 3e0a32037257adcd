//! `backproof controls new`: a folder that already passes its cases, to be changed into what is wanted.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{ExitStatus, Failure};
use crate::catalog::{CONTROL_FILES, Catalog};

const SCHEMA: &str = r#"namespace Control {
  @title("Vault holds no more recovery points than expected")
  @severity("medium")
  action "NAME" appliesTo {
    principal: [AWS::Organizations::Account],
    resource: AWS::Backup::BackupVault,
    context: {
      @doc("Most recovery points a vault may hold")
      @default("1000")
      @min("1")
      maxRecoveryPoints: Long,
    }
  };
}
"#;

const POLICIES: &str = r#"@id("in-scope")
permit (
  principal,
  action == Control::Action::"NAME",
  resource
);

@id("too-many-recovery-points")
@message("vault {resource.name} holds {resource.numberOfRecoveryPoints} recovery points, at most {context.maxRecoveryPoints} are expected")
forbid (
  principal,
  action == Control::Action::"NAME",
  resource
)
when { resource.numberOfRecoveryPoints > context.maxRecoveryPoints };
"#;

const README: &str = "\
# NAME

A vault holds no more recovery points than expected.

## What it checks

The number of recovery points that AWS Backup says a vault holds.

## Why it matters

Write here what goes wrong when this control fails.

## How to fix it

Write here what the person who reads the finding should do.
";

const CASES: &str = r#"[
  {
    "name": "a_vault_with_as_many_as_allowed_complies",
    "parameters": { "maxRecoveryPoints": "10" },
    "resource": {
      "type": "AWS::Backup::BackupVault",
      "id": "arn:aws:backup:eu-west-1:111122223333:backup-vault:small",
      "attrs": { "name": "small", "numberOfRecoveryPoints": 10 }
    },
    "answer": "COMPLIANT"
  },
  {
    "name": "a_vault_with_one_more_does_not",
    "parameters": { "maxRecoveryPoints": "10" },
    "resource": {
      "type": "AWS::Backup::BackupVault",
      "id": "arn:aws:backup:eu-west-1:111122223333:backup-vault:full",
      "attrs": { "name": "full", "numberOfRecoveryPoints": 11 }
    },
    "answer": "NON_COMPLIANT",
    "reasons": ["too-many-recovery-points"],
    "messages": ["vault full holds 11 recovery points, at most 10 are expected"]
  },
  {
    "name": "a_vault_whose_number_could_not_be_learned_is_undecided",
    "resource": {
      "type": "AWS::Backup::BackupVault",
      "id": "arn:aws:backup:eu-west-1:111122223333:backup-vault:dark",
      "attrs": { "name": "dark" }
    },
    "answer": "INSUFFICIENT_DATA"
  }
]
"#;

pub(super) fn new_control(name: &str, dir: &Path, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    let mut characters = name.chars();
    let good = characters.next().is_some_and(|it| it.is_ascii_uppercase())
        && characters.all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
        && name.len() <= 128
        && !name.ends_with('_')
        && !name.contains("__");
    if !good {
        return Err(Failure::Message(format!(
            "`{name}` is not a control's name; expected upper-case letters, digits and underscores, such as MY_RULE"
        )));
    }
    if Catalog::built_in()?.controls.contains_key(name) {
        return Err(Failure::Message(format!(
            "`{name}` is a built-in control; a custom control has a name of its own"
        )));
    }
    let folder = dir.join(name.to_ascii_lowercase().replace('_', "-"));
    let failed = |error| Failure::Message(format!("cannot write `{}`: {error}", folder.display()));
    if folder.exists() {
        return Err(Failure::Message(format!("`{}` is there already", folder.display())));
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let texts = [SCHEMA, POLICIES, README, CASES];
    for (file, text) in CONTROL_FILES.into_iter().zip(texts) {
        fs::write(folder.join(file), text.replace("NAME", name)).map_err(failed)?;
    }
    let dir = dir.display();
    writeln!(stdout, "{} is begun; change it, then", folder.display())?;
    writeln!(stdout, "  backproof controls check {dir}")?;
    writeln!(stdout, "  backproof controls test {name} --controls {dir}")?;
    writeln!(stdout, "  backproof audit INVENTORY --controls {dir}")?;
    Ok(ExitStatus::Success)
}
