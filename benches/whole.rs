//! Whole runs, from an inventory on disk to reports, against only reading the same files: `cargo bench --bench whole`.
//!
//! Every run is a process of its own, so that its memory is its own. `benches/figures.py` measures the same of the release
//! build, and more exactly.

#[path = "shared/estate.rs"]
mod estate;
#[path = "shared/inventory.rs"]
mod inventory;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use inventory::{Outcome, asked, generate};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
const ROUNDS: usize = 3;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if asked(&arguments)? { Ok(()) } else { compare() }
}

/// How long a process took and the most memory it had, as far as could be seen.
struct Run {
    time: Duration,
    peak_kib: u64,
}

fn run(command: &mut Command) -> Outcome<Run> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|it| it.strip_prefix("VmHWM:"));
        let seen = line.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = seen.unwrap_or(peak_kib);
        std::thread::sleep(Duration::from_millis(1));
    };
    let time = start.elapsed();
    // 3 and 4: something does not comply, or could not be judged.
    match ended.code() {
        Some(0 | 3 | 4) => Ok(Run { time, peak_kib }),
        _ => Err(format!("a run ended with {ended}"))?,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "what is measured is told")]
fn compare() -> Outcome {
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("whole");
    println!("recovery points      parsing      whole run     ratio    peak memory");
    for points in SIZES {
        let inventory = scratch.join(points.to_string());
        if !inventory.exists() {
            generate(&inventory, "kept-longer", points)?;
        }
        let (mut parsing, mut auditing, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let parse = run(Command::new(std::env::current_exe()?).arg("parse").arg(&inventory))?;
            let audit = run(Command::new(env!("CARGO_BIN_EXE_backproof"))
                .args(["audit", "--at", "2026-03-01T06:00:00Z", "--out"])
                .args([&scratch.join("report"), &inventory])
                .args(cfg!(feature = "ledger").then_some("--no-ledger")))?;
            parsing.push(parse.time);
            auditing.push(audit.time);
            peak = peak.max(audit.peak_kib);
        }
        let (parsing, auditing) = (median(parsing).as_secs_f64(), median(auditing).as_secs_f64());
        println!(
            "{points:15} {:10.1} ms {:11.1} ms {:8.2}x {:10} MiB",
            parsing * 1e3,
            auditing * 1e3,
            auditing / parsing,
            peak / 1_024
        );
    }
    Ok(())
}
