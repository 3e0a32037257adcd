//! What holds for every estate.

use proptest::prelude::*;

use super::estates::{Owned, Written, bodies, opt_ins, read, resources, selections, word};
use super::*;
use crate::selection::globset::GlobSet;
use crate::selection::subset::Subset;
use crate::selection::truth::Truth;
use crate::selection::wildcard::Wildcard;

fn positions(count: usize) -> impl Iterator<Item = u32> {
    (0..).take(count)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_the_pair_and_the_second_implementation_agree(
        written in prop::collection::vec(selections(), 0..24),
        estate in prop::collection::vec(resources(), 1..10),
        settings in prop::collection::vec((opt_ins(), opt_ins()), 2),
    ) {
        let index = CoverageIndex::new(written.iter().map(read).collect());
        let mut join = index.join();
        for (number, resource) in estate.iter().chain(&estate).enumerate() {
            let (account, management) = &settings[number % 2];
            let settings = Settings { opt_in: account, management_opt_in: management };
            resource.ask(|candidate| {
                let coverage = join.covering(candidate, &settings);
                let outcomes: Vec<Option<bool>> =
                    index.selections().iter().map(|selection| explain(selection, candidate, &settings).covered()).collect();
                let second: Vec<Option<bool>> =
                    written.iter().map(|(id, body)| oracle::covers(id, body.as_ref(), candidate, &settings)).collect();
                assert_eq!(outcomes, second, "the pair and the second implementation");
                let of = |wanted| positions(outcomes.len()).filter(|at| outcomes[*at as usize] == wanted).collect::<Vec<_>>();
                assert_eq!(coverage.covering().collect::<Vec<_>>(), of(Some(true)), "covering");
                assert_eq!(coverage.undecided().collect::<Vec<_>>(), of(None), "undecided");
            });
        }
    }

    #[test]
    fn resources_of_one_class_get_the_same_answer_from_every_selection(
        written in prop::collection::vec(selections(), 1..16),
        estate in prop::collection::vec(resources(), 2..16),
        account in opt_ins(),
    ) {
        let index = CoverageIndex::new(written.iter().map(read).collect());
        let mut join = index.join();
        let settings = Settings { opt_in: &account, management_opt_in: &OptIn::Unread };
        let mut classes: BTreeMap<u32, Vec<Option<bool>>> = BTreeMap::new();
        for resource in &estate {
            resource.ask(|candidate| {
                let class = join.covering(candidate, &settings).class();
                let answers: Vec<Option<bool>> =
                    index.selections().iter().map(|selection| explain(selection, candidate, &settings).covered()).collect();
                let before = classes.entry(class).or_insert_with(|| answers.clone());
                if class != 0 {
                    assert_eq!(*before, answers);
                }
            });
        }
    }

    #[test]
    fn near_misses_do_not_cover_and_fail_on_the_fewest_clauses(
        written in prop::collection::vec(selections(), 0..24),
        resource in resources(),
        account in opt_ins(),
        limit in 0..10_usize,
    ) {
        let index = CoverageIndex::new(written.iter().map(read).collect());
        let settings = Settings { opt_in: &account, management_opt_in: &account };
        resource.ask(|candidate| {
            let nearest = index.join().nearest(candidate, &settings, limit);
            let failures = |position: u32| {
                let (id, body) = &written[position as usize];
                let here = id.account.as_ref() == candidate.account && id.region.as_ref() == candidate.region;
                let missed = oracle::covers(id, body.as_ref(), candidate, &settings) == Some(false);
                (here && missed).then(|| oracle::failures(id, body.as_ref(), candidate, &settings))
            };
            let mut all: Vec<usize> = positions(written.len()).filter_map(failures).collect();
            all.sort_unstable();
            all.truncate(limit.min(8));
            let found: Vec<Option<usize>> = nearest.iter().map(|position| failures(*position)).collect();
            assert_eq!(found, all.into_iter().map(Some).collect::<Vec<_>>());
        });
    }

    #[test]
    fn an_explanation_holds_what_the_pairs_say(
        written in prop::collection::vec(selections(), 0..10),
        resource in resources(),
        account in opt_ins(),
    ) {
        let index = CoverageIndex::new(written.iter().map(read).collect());
        let settings = Settings { opt_in: &account, management_opt_in: &account };
        resource.ask(|candidate| {
            let explanation = index.join().explanation(candidate, &settings, 3);
            let outcomes: Vec<Outcome> =
                index.selections().iter().map(|selection| explain(selection, candidate, &settings)).collect();
            let count = |wanted| outcomes.iter().filter(|outcome| outcome.covered() == wanted).count();
            assert_eq!(explanation.by.len(), count(Some(true)));
            assert_eq!(explanation.undecided.len(), count(None));
            assert!(explanation.nearest.len() <= 3);
            assert!(explanation.undecided.iter().all(|selection| !selection.unread.is_empty()));
            let covered = if explanation.by.is_empty() && explanation.undecided.is_empty() { Some(false) }
                else if explanation.by.is_empty() { None } else { Some(true) };
            assert_eq!(explanation.covered, covered);
        });
    }

    #[test]
    fn another_selection_never_uncovers(
        written in prop::collection::vec(selections(), 1..12),
        resource in resources(),
        account in opt_ins(),
    ) {
        let settings = Settings { opt_in: &account, management_opt_in: &account };
        let all: Vec<Selection> = written.iter().map(read).collect();
        resource.ask(|candidate| {
            let fewer = CoverageIndex::new(all[..all.len() - 1].to_vec()).covering(candidate, &settings);
            let more = CoverageIndex::new(all.clone()).covering(candidate, &settings);
            let kept: Vec<u32> = more.covering().filter(|position| (*position as usize) < all.len() - 1).collect();
            assert_eq!(fewer.covering().collect::<Vec<_>>(), kept);
            assert!(fewer.covered() != Some(true) || more.covered() == Some(true));
        });
    }

    #[test]
    fn another_exclusion_never_covers(
        body in bodies(),
        excluded in bodies(),
        resource in resources(),
        account in opt_ins(),
    ) {
        let settings = Settings { opt_in: &account, management_opt_in: &account };
        let place = || id(resource.account, resource.region, "p-1");
        let mut more = body.clone();
        more.not_resources.extend(excluded.resources);
        resource.ask(|candidate| {
            let before = explain(&Selection::new(place(), &body).0, candidate, &settings).covered();
            let after = explain(&Selection::new(place(), &more).0, candidate, &settings).covered();
            assert!(rank(after) <= rank(before), "{before:?} became {after:?}");
        });
    }

    #[test]
    fn losing_a_fact_only_ever_opens_an_answer(
        (id, body) in selections(),
        resource in resources(),
        account in opt_ins(),
        management in opt_ins(),
        service in any::<prop::sample::Index>(),
    ) {
        let written: Written = (id, body);
        let selection = read(&written);
        let settings = Settings { opt_in: &account, management_opt_in: &management };
        let unread = OptIn::Unread;
        let silent = match &account {
            OptIn::Read(map) if !map.is_empty() => {
                let mut map = map.clone();
                let name = map.keys().nth(service.index(map.len())).cloned().unwrap();
                map.remove(&name);
                OptIn::Read(map)
            }
            other => other.clone(),
        };
        let answer = |resource: &Owned, settings: &Settings<'_>| {
            resource.ask(|candidate| explain(&selection, candidate, settings).covered())
        };
        let known = answer(&resource, &settings);
        let poorer = [
            answer(&Owned { tags: None, ..resource.clone() }, &settings),
            answer(&Owned { restore_test: None, ..resource.clone() }, &settings),
            answer(&Owned { tags: None, restore_test: None, ..resource.clone() }, &settings),
            answer(&resource, &Settings { opt_in: &unread, ..settings }),
            answer(&resource, &Settings { opt_in: &silent, ..settings }),
            answer(&resource, &Settings { management_opt_in: &unread, ..settings }),
            answer(&Owned { tags: None, ..resource.clone() }, &Settings { opt_in: &unread, management_opt_in: &unread }),
        ];
        for (number, poorer) in poorer.into_iter().enumerate() {
            assert!(poorer.is_none() || poorer == known, "{number}: {known:?} became {poorer:?}");
        }
        let unread_selection = Selection::unread(selection.id().clone());
        let poorer = resource.ask(|candidate| explain(&unread_selection, candidate, &settings).covered());
        assert!(poorer.is_none() || poorer == known, "unread selection: {known:?} became {poorer:?}");
    }

    #[test]
    fn a_set_of_wildcards_finds_what_each_finds_alone(
        texts in prop::collection::vec(prop_oneof!["[ab*]{0,12}", "(abcdefgh|bcd|[ab?*])(\\*|b|)(xyz-[ab]{8}|)"], 0..20),
        subject in prop_oneof!["[ab]{0,12}", "(abcdefgh|bcd|a)(b|é|)(xyz-[ab]{8}|)", "a{4090,4100}"],
    ) {
        let numbered = || (0..).zip(texts.iter()).map(|(number, text)| (Wildcard::of_value(text), number));
        // Equal texts are one question, so the later takes the place of the former.
        let alone: BTreeMap<&str, (u32, Truth)> = texts.iter().map(String::as_str)
            .zip(numbered().map(|(wildcard, number)| (number, wildcard.matches(&subject)))).collect();
        let mut expected: Vec<u32> = alone.values().filter(|(_, truth)| *truth != Truth::No).map(|(number, _)| *number).collect();
        expected.sort_unstable();
        let distinct = numbered().filter(|(_, number)| alone.values().any(|(kept, _)| kept == number)).collect();
        let mut found = Vec::new();
        GlobSet::new(distinct).matches(&subject, |number, truth| {
            assert!(truth != Truth::No);
            found.push(number);
        });
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_subset_gives_back_its_numbers(numbers in prop::collection::btree_set(0..300_u32, 0..60), more in 0..200_usize) {
        let numbers: Vec<u32> = numbers.into_iter().collect();
        let bound = numbers.last().map_or(0, |last| *last as usize + 1) + more;
        let subset = Subset::new(&numbers, bound);
        assert_eq!(subset.iter().collect::<Vec<_>>(), numbers.clone());
        assert_eq!(subset.is_empty(), numbers.is_empty());
    }

    #[test]
    fn no_text_makes_it_panic(
        texts in prop::collection::vec(".{0,24}", 12),
        keys in prop::collection::vec(word(&["aws:ResourceTag/", "arn:", "a:b/tag", "é*?"]), 2),
    ) {
        let text = |at: usize| texts[at].clone();
        let parameter = ConditionParameter { condition_key: keys[0].clone() + &text(0), condition_value: text(1) };
        let body = BackupSelection {
            resources: vec![text(2), format!("arn:{}", text(3)), format!("{}*{}", text(4), text(5))],
            not_resources: vec![text(6)],
            list_of_tags: vec![TagCondition { condition_type: text(7), condition_key: keys[1].clone(), condition_value: text(8) }],
            conditions: vec![OperatorConditions { operator: text(9), form: ConditionForm::List(vec![parameter]) }],
            ..BackupSelection::default()
        };
        let (selection, problems) = Selection::new(id(&text(10), &text(11), "p"), &body);
        for problem in problems {
            assert!(!problem.to_string().is_empty());
        }
        let opt_in = OptIn::Unread;
        let settings = Settings { opt_in: &opt_in, management_opt_in: &opt_in };
        let tags = [(texts[0].as_str(), texts[1].as_str())];
        let resource = Candidate {
            account: &texts[10], region: &texts[11], arn: &texts[2], name: &texts[3], opt_in_name: &texts[4],
            tags: Some(&tags), restore_test: None,
        };
        let index = CoverageIndex::new(vec![selection]);
        let outcome = explain(&index.selections()[0], &resource, &settings);
        assert_eq!(index.covering(&resource, &settings).covered(), outcome.covered());
        let json = serde_json::to_string(&index.join().explanation(&resource, &settings, 3)).unwrap();
        assert!(json.starts_with(r#"{"covered":"#));
    }
}

fn rank(covered: Option<bool>) -> u8 {
    match covered {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}
