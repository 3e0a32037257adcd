//! Running the binary as a person does, in the crate's folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

pub(super) use super::shared::{Run, root, tree};
use super::shared::{binary, run};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(root()).env("NO_COLOR", "1").env("COLUMNS", "110");
    command
}

/// Runs the binary in the crate's folder.
pub(super) fn backproof(arguments: &[&str]) -> Run {
    run(&mut command(arguments))
}

/// Runs the binary, reads one line of what it prints and hangs up; returns its status.
pub(super) fn read_one_line(arguments: &[&str]) -> i32 {
    let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty());
    child.wait().unwrap().code().unwrap()
}

/// Copies a folder.
pub(super) fn copy(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
