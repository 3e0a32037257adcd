//! What must hold of every estate, whatever is in it: the laws, as properties over generated inventories.
//!
//! `PROPTEST_CASES` asks for more cases than the few that keep a test run short.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use backproof::catalog::Catalog;
use backproof::evaluate::{Finding, MissingFact, Shards, evaluate, evaluate_in_shards, evaluate_one_by_one};
use backproof::facts::{Facts, types};
use backproof::framework::{self, Framework};
use backproof::inventory::{Inventory, read_from_memory};
use backproof::model::Answer;
use backproof::report::findings;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed};
use serde_json::json;

#[path = "laws/estate.rs"]
mod estate;
#[path = "laws/files.rs"]
mod files;
#[path = "laws/formats.rs"]
mod formats;
#[path = "laws/hostile.rs"]
mod hostile;
#[path = "laws/losses.rs"]
mod losses;
#[path = "laws/oracle.rs"]
mod oracle;
#[path = "laws/outputs.rs"]
mod outputs;
#[path = "laws/probes.rs"]
mod probes;
#[path = "laws/record.rs"]
mod record;
#[path = "laws/recording.rs"]
mod recording;
#[path = "laws/things.rs"]
mod things;

use estate::Ending;
use recording::{File, Line, files, read};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::built_in().unwrap());
static DEFAULT: LazyLock<Vec<Framework>> = LazyLock::new(|| CATALOG.frameworks("aws-backup").unwrap());

/// The default framework, the same with a scope that hangs on tags, and controls that look at everything.
static EVERYTHING: LazyLock<Vec<Framework>> = LazyLock::new(|| {
    let mut frameworks = CATALOG.frameworks("aws-backup").unwrap();
    let chosen = frameworks[0].controls.iter().map(|it| {
        let parameters = it.given.iter();
        let parameters =
            parameters.map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }));
        json!({
            "ControlName": it.control.name,
            "ControlInputParameters": parameters.collect::<Vec<_>>(),
            "ControlScope": { "Tags": { "env": "prod" } },
        })
    });
    let scoped = json!({ "FrameworkName": SCOPED, "FrameworkControls": chosen.collect::<Vec<_>>() });
    frameworks.extend(framework::parse(&scoped.to_string(), SCOPED, &CATALOG.controls).unwrap());
    frameworks.push(probes::framework(&CATALOG.vocabulary));
    frameworks
});

const SCOPED: &str = "scoped";

fn cases(count: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    let cases = asked.unwrap_or(count);
    // The same estates each time, so that a change is judged by what it changes; a hunt with more cases draws anew.
    let rng_seed = if asked.is_none() { RngSeed::Fixed(20_260_301) } else { RngSeed::Random };
    Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}

fn at() -> jiff::Timestamp {
    jiff::Timestamp::from_second(estate::AT).unwrap()
}

/// What reports on jobs are about.
fn jobs_since() -> jiff::Timestamp {
    backproof::report::jobs::jobs_since(at())
}

/// A finding's framework, control with its number, place, type and resource.
type Key = (String, String, String, String, String);

/// Answers by key; no key may occur twice.
fn judge(inventory: &Inventory, frameworks: &[Framework]) -> BTreeMap<Key, Answer> {
    answers(&Facts::new(inventory, at()), frameworks)
}

fn answers(facts: &Facts<'_>, frameworks: &[Framework]) -> BTreeMap<Key, Answer> {
    let mut answers = BTreeMap::new();
    evaluate(frameworks, facts, &CATALOG.vocabulary, &mut |finding| {
        let index = finding.framework.controls.iter().position(|it| std::ptr::eq(it, finding.chosen));
        let control = format!("{} {}", finding.chosen.control.name, index.unwrap());
        let key = (
            finding.framework.name.clone(),
            control,
            finding.place.to_string(),
            finding.resource.type_name.to_string(),
            finding.resource.id.to_string(),
        );
        let before = answers.insert(key.clone(), finding.answer);
        assert!(before.is_none(), "two findings for {key:?}");
    })
    .unwrap();
    answers
}

/// What a control is, for people: a probe's title is its last policy.
fn title(key: &Key) -> String {
    let framework = EVERYTHING.iter().find(|it| it.name == key.0).unwrap();
    let index: usize = key.1.split(' ').nth(1).unwrap().parse().unwrap();
    framework.controls[index].control.title.clone()
}

/// The files in another order, with their lines in another order if wanted.
fn shuffled(mut files: Vec<File>, order: &[Index], lines_too: bool) -> Vec<File> {
    fn shuffle<T>(items: &mut [T], order: &[Index]) {
        for (at, index) in (1..items.len()).rev().zip(order.iter().cycle()) {
            items.swap(at, index.index(at + 1));
        }
    }
    if lines_too {
        files.iter_mut().filter(|it| !it.is_plain()).for_each(|it| shuffle(&mut it.lines, order));
    }
    shuffle(&mut files, order);
    files
}

/// The files with some of their calls recorded once more elsewhere, as they are or with a loss.
fn repeated(mut files: Vec<File>, losses: &[losses::Loss]) -> Vec<File> {
    let calls: Vec<usize> = (0..files.len()).filter(|it| !files[*it].is_plain()).collect();
    for (number, loss) in losses.iter().enumerate() {
        let Some(from) = calls.get(number % calls.len().max(1)).map(|it| files[*it].clone()) else {
            return files;
        };
        let lost = losses::lose(std::slice::from_ref(&from), loss).and_then(|mut it| it.pop());
        let path = from.path.replace(".ndjson", &format!(".again-{number}.ndjson"));
        let lines = if number % 2 == 0 { from.lines } else { lost.unwrap_or(from).lines };
        let lines = lines.into_iter().filter(|it| matches!(it, Line::Json(_))).collect();
        files.push(File { path, lines });
    }
    files
}

proptest! {
    #![proptest_config(cases(200))]

    /// Five controls answer as their READMEs say, by an oracle that shares no code with them.
    #[test]
    fn the_controls_say_what_their_readmes_say(world in estate::world()) {
        let inventory = read(&files(&record::record(&world), world.plain));
        let mut found = oracle::Answers::new();
        for ((_, control, place, _, id), answer) in judge(&inventory, &DEFAULT) {
            let name = control.split(' ').next().unwrap();
            if let Some(control) = oracle::CONTROLS.into_iter().find(|it| *it == name) {
                found.insert((control, place, id), answer);
            }
        }
        let expected = oracle::answers(&world);
        let differ = |map: &oracle::Answers, other: &oracle::Answers| -> BTreeSet<String> {
            let other_says = |(key, answer): (&_, &_)| other.get(key) != Some(answer);
            map.iter().filter(|it| other_says(*it)).map(|it| format!("{it:?}")).collect()
        };
        let (ours, theirs) = (differ(&found, &expected), differ(&expected, &found));
        prop_assert_eq!(ours, theirs, "left: backproof; right: the oracle");
    }
}

proptest! {
    #![proptest_config(cases(32))]

    /// Every control of a framework says exactly one thing of every thing of its types, and nothing of anything else
    /// but that an account's list is not whole.
    #[test]
    fn there_is_one_finding_for_each_control_and_thing_in_scope(world in estate::world()) {
        let answers = judge(&read(&files(&record::record(&world), world.plain)), &EVERYTHING);
        let things = things::things(&world);
        for framework in EVERYTHING.iter() {
            for (index, chosen) in framework.controls.iter().enumerate() {
                let control = format!("{} {index}", chosen.control.name);
                let of = |key: &&Key| key.0 == framework.name && key.1 == control;
                let (account, found): (Vec<&Key>, Vec<&Key>) =
                    answers.keys().filter(of).partition(|it| it.3 == types::ACCOUNT);
                for key in account {
                    prop_assert_eq!(answers[key], Answer::InsufficientData, "{:?}", key);
                }
                let found: BTreeSet<_> = found.iter().map(|it| (it.2.clone(), it.3.clone(), it.4.clone())).collect();
                let expected = things.iter().filter(|it| chosen.control.resources.iter().any(|of| of == it.1));
                let expected: BTreeSet<_> =
                    expected.map(|(place, kind, id)| (place.clone(), (*kind).to_owned(), id.clone())).collect();
                if framework.name == SCOPED {
                    prop_assert!(found.is_subset(&expected), "{control}: {found:?}\n{expected:?}");
                } else {
                    prop_assert_eq!(found, expected, "{}", control);
                }
            }
        }
    }

    /// With facts lost, every answer is what it was or INSUFFICIENT_DATA; what is new is INSUFFICIENT_DATA,
    /// but for things that were known to be gone; and what is no longer judged is told of on its account.
    #[test]
    fn losing_facts_makes_nothing_compliant_nothing_non_compliant_and_hides_nothing(
        world in estate::world(),
        losses in vec(losses::loss(), 8),
    ) {
        let whole = files(&record::record(&world), world.plain);
        let (before, gone) = (judge(&read(&whole), &EVERYTHING), world.gone());
        let mut lesser = whole.clone();
        for (number, loss) in losses.iter().enumerate() {
            // Each by itself, then one after the other.
            let from = if number < 4 { &whole } else { &lesser };
            let Some(files) = losses::lose(from, loss) else {
                continue;
            };
            lesser = files;
            let after = judge(&read(&lesser), &EVERYTHING);
            for (key, answer) in &after {
                let was = before.get(key);
                let known_again = was.is_none() && gone.contains(&key.4);
                prop_assert!(
                    known_again || *answer == Answer::InsufficientData || was == Some(answer),
                    "{key:?} was {was:?}, is {answer:?}: {}\n{}", title(key), difference(&whole, &lesser)
                );
            }
            for key in before.keys().filter(|it| !after.contains_key(*it)) {
                let (framework, control, place, ..) = key.clone();
                let account = place.split('/').next().unwrap().to_owned();
                let told = (framework, control, place, types::ACCOUNT.to_owned(), account);
                prop_assert!(
                    after.get(&told) == Some(&Answer::InsufficientData),
                    "{key:?} is gone without a word\n{}", difference(&whole, &lesser)
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// Judged by itself as a part, each place is told what is told of it among all, or INSUFFICIENT_DATA;
    /// and as whenever facts are lost, only what was known to be gone can be new.
    #[test]
    fn a_part_is_judged_as_in_the_whole_or_not_at_all(world in estate::world(), with_account in any::<bool>()) {
        let whole = files(&record::record(&world), world.plain);
        let (before, gone) = (judge(&read(&whole), &EVERYTHING), world.gone());
        for place in &world.places {
            let own = format!("{}/{}", place.account, place.region);
            let global = format!("{}/global/", place.account);
            let is_part = |it: &&File| {
                it.path.starts_with(&format!("{own}/")) || (with_account && it.path.starts_with(&global))
            };
            let part: Vec<File> = whole.iter().filter(is_part).cloned().collect();
            let inventory = read(&part);
            let after = answers(&Facts::partial(&inventory, at()), &EVERYTHING);
            for (key, answer) in after.iter().filter(|(key, _)| key.3 != types::ACCOUNT) {
                let was = before.get(key);
                let known_again = was.is_none() && gone.contains(&key.4);
                prop_assert!(
                    known_again || *answer == Answer::InsufficientData || was == Some(answer),
                    "{key:?} was {was:?}, is {answer:?}: {}", title(key)
                );
            }
            for key in before.keys().filter(|it| it.2 == own && !after.contains_key(*it)) {
                let (framework, control, place, ..) = key.clone();
                let account = place.split('/').next().unwrap().to_owned();
                let told = (framework, control, place, types::ACCOUNT.to_owned(), account);
                prop_assert!(after.contains_key(&told), "{key:?} is gone without a word");
            }
        }
    }

    /// Nobody refused what nobody asked: where another account or Region would tell, no error of this one is named.
    #[test]
    fn what_was_not_asked_elsewhere_is_told_without_an_error(world in estate::world(), denied in any::<bool>()) {
        let mut world = world;
        world.places.truncate(1);
        if denied {
            (world.places[0].vault_list, world.places[0].job_lists) = (Ending::Denied, [Ending::Denied; 3]);
        }
        let inventory = read(&files(&record::record(&world), world.plain));
        let facts = Facts::partial(&inventory, at());
        let mut wrong = Vec::new();
        evaluate(&EVERYTHING, &facts, &CATALOG.vocabulary, &mut |finding| {
            let elsewhere = |why: &str| {
                why.contains("in another account or Region") || why.contains("known: in 444455556666/")
            };
            let named = |it: &&MissingFact| elsewhere(&it.why) && !it.error.is_empty();
            wrong.extend(finding.missing.iter().find(named).cloned());
        })
        .unwrap();
        prop_assert!(wrong.is_empty(), "{:?}", wrong.first());
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// What is asked once for all of a kind is told as if every question had been asked by itself.
    #[test]
    fn sharing_answers_changes_no_byte(world in estate::world(), losses in vec(losses::loss(), 0..6)) {
        let files = files(&record::record(&world), world.plain);
        let files = losses.iter().fold(files, |files, it| losses::lose(&files, it).unwrap_or(files));
        let inventory = read(&files);
        let facts = Facts::new(&inventory, at());
        let (mut shared, mut direct) = (Vec::new(), Vec::new());
        let write = |finding: &Finding<'_>, lines: &mut Vec<u8>| findings::write_ndjson(finding, lines).unwrap();
        evaluate(&EVERYTHING, &facts, &CATALOG.vocabulary, &mut |it| write(it, &mut shared)).unwrap();
        evaluate_one_by_one(&EVERYTHING, &facts, &CATALOG.vocabulary, &mut |it| write(it, &mut direct)).unwrap();
        let lines = |bytes: &[u8]| -> Vec<String> { String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect() };
        for (one, other) in lines(&shared).iter().zip(&lines(&direct)) {
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(shared.len(), direct.len());
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// The order of files changes no byte of any report, whatever is in them, twice or contradicted; nor does the order
    /// of lines change a row, where every line can be read and none contradicts another.
    #[test]
    fn the_order_of_reading_changes_no_byte(
        world in estate::world(),
        losses in vec(losses::loss(), 0..6),
        order in vec(any::<Index>(), 16),
        lines_too in any::<bool>(),
    ) {
        let world = if lines_too { world.mended() } else { world };
        let mut files = files(&record::record(&world), world.plain);
        if lines_too {
            files = repeated(files, &[]);
        } else {
            files = losses.iter().fold(files, |files, it| losses::lose(&files, it).unwrap_or(files));
            files = repeated(files, &losses);
        }
        let of = |files: &[File]| outputs::outputs(&read(files), &DEFAULT, &CATALOG.vocabulary, at());
        let (one, other) = (of(&files), of(&shuffled(files.clone(), &order, lines_too)));
        for ((name, one), (_, other)) in one.into_iter().zip(other) {
            // Recovery points and jobs are told in the order in which they are recorded.
            let rows = |text: String| -> Vec<String> {
                let mut rows: Vec<String> = text.lines().map(|it| it.trim_end_matches(',').to_owned()).collect();
                if lines_too {
                    rows.sort();
                }
                rows
            };
            prop_assert_eq!(rows(one), rows(other), "{}", name);
        }
    }

    /// How many threads read and judge changes no byte, whatever is in the files, twice or contradicted.
    #[test]
    fn the_number_of_threads_changes_no_byte(
        world in estate::world(),
        losses in vec(losses::loss(), 0..6),
        threads in 2_usize..5,
    ) {
        let files = files(&record::record(&world), world.plain);
        let files = losses.iter().fold(files, |files, it| losses::lose(&files, it).unwrap_or(files));
        let files: BTreeMap<String, Vec<u8>> =
            repeated(files, &losses).into_iter().map(|it| (it.path.clone(), it.text().into_bytes())).collect();
        let one = read_from_memory(files.clone(), 1, jobs_since());
        let several = read_from_memory(files, threads, jobs_since());
        prop_assert_eq!(&one.problems, &several.problems);
        let mut expected = Vec::new();
        evaluate(&EVERYTHING, &Facts::new(&one, at()), &CATALOG.vocabulary, &mut |it| {
            findings::write_ndjson(it, &mut expected).unwrap();
        })
        .unwrap();
        let shards = Shards {
            threads,
            begin: &Vec::new,
            add: &|lines: &mut Vec<u8>, it| findings::write_ndjson(it, lines).unwrap(),
            end: &|_| (),
        };
        let mut found = Vec::new();
        let facts = Facts::new(&several, at());
        evaluate_in_shards(&EVERYTHING, &facts, &CATALOG.vocabulary, &shards, &mut |lines| found.extend(lines)).unwrap();
        let lines = |bytes: &[u8]| -> Vec<String> { String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect() };
        prop_assert_eq!(lines(&found), lines(&expected));
    }

    /// The order of files and lines changes no answer, whatever is in them.
    #[test]
    fn the_order_of_reading_changes_no_answer(
        world in estate::world(),
        losses in vec(losses::loss(), 0..6),
        order in vec(any::<Index>(), 16),
    ) {
        let files = files(&record::record(&world), world.plain);
        let files = losses.iter().fold(files, |files, it| losses::lose(&files, it).unwrap_or(files));
        let files = repeated(files, &losses);
        let other = shuffled(files.clone(), &order, true);
        prop_assert_eq!(judge(&read(&files), &EVERYTHING), judge(&read(&other), &EVERYTHING));
    }
}

/// What one recording has and another does not, for people.
fn difference(before: &[File], after: &[File]) -> String {
    let lines = |files: &[File]| -> BTreeSet<String> {
        let of = |it: &File| it.text().lines().map(|line| format!("{}: {line}", it.path)).collect::<Vec<_>>();
        files.iter().flat_map(of).collect()
    };
    let (before, after) = (lines(before), lines(after));
    let signed = |sign: char, a: &BTreeSet<String>, b: &BTreeSet<String>| -> String {
        a.difference(b).map(|it| format!("{sign} {it}\n")).collect()
    };
    format!("{}{}", signed('-', &before, &after), signed('+', &after, &before))
}
