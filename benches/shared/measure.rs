//! Measures several engines in turns and tells the medians, as a table for people or as JSON.

use std::fs;
use std::time::{Duration, Instant};

/// The least time a single measurement takes, so that the kernel's ticks do not matter.
const LEAST: Duration = Duration::from_millis(250);

/// Something to measure.
pub(crate) struct Engine<'e> {
    /// What it is called.
    pub(crate) name: String,
    /// How many questions it answers in one run.
    pub(crate) questions: u64,
    /// One run.
    pub(crate) run: Box<dyn FnMut() + 'e>,
}

/// What was measured.
pub(crate) struct Measured {
    /// What it is called.
    pub(crate) name: String,
    /// Nanoseconds of this thread's processor time for each question; the median of all rounds.
    pub(crate) nanoseconds: f64,
}

/// This thread's processor time, or, where that is not told, time as it passes.
fn now(start: Instant) -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let used = told.and_then(|it| it.split_whitespace().next()?.parse().ok());
    used.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Every engine once in every round, so that what disturbs one disturbs all.
pub(crate) fn in_turns(engines: &mut [Engine<'_>], rounds: usize) -> Vec<Measured> {
    let mut taken: Vec<Vec<f64>> = engines.iter().map(|_| Vec::new()).collect();
    // The first round only finds out how often each has to run.
    let mut runs = vec![1_u32; engines.len()];
    for round in 0..=rounds {
        for ((engine, taken), runs) in engines.iter_mut().zip(&mut taken).zip(&mut runs) {
            let start = Instant::now();
            let before = now(start);
            (0..*runs).for_each(|_| (engine.run)());
            let (processor, passed) = (now(start).saturating_sub(before), start.elapsed());
            if round == 0 {
                *runs = (LEAST.as_nanos() / passed.as_nanos().max(1)).clamp(1, 1_000) as u32;
            } else {
                taken.push(processor.as_nanos() as f64 / f64::from(*runs) / engine.questions as f64);
            }
        }
    }
    engines
        .iter()
        .zip(taken)
        .map(|(it, taken)| Measured { name: it.name.clone(), nanoseconds: median(taken) })
        .collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Tells what was measured: as a table with how many times as long as the first each takes, or as a line of JSON.
#[expect(clippy::print_stdout, reason = "what is measured is told")]
pub(crate) fn tell(title: &str, measured: &[Measured], json: bool) {
    if json {
        let rows: serde_json::Map<String, serde_json::Value> =
            measured.iter().map(|it| (it.name.clone(), it.nanoseconds.into())).collect();
        println!("{}", serde_json::json!({ "title": title, "nanoseconds": rows }));
        return;
    }
    let first = measured.first().map_or(1.0, |it| it.nanoseconds);
    println!("{title}");
    for it in measured {
        println!("  {:52} {:10.1} ns {:8.2}x", it.name, it.nanoseconds, it.nanoseconds / first);
    }
}
