//! No policy errs on known facts: searched for with made-up things that fit the vocabulary, at the edges of all ranges.
//!
//! `tests/never_errors` proves the same with a solver. What is not known errs by design, so everything here is known.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../benches/shared/controls.rs"]
#[expect(dead_code, reason = "the benchmarks' own")]
mod controls;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use backproof::catalog::Catalog;
use backproof::control::{Control, ControlSource};
use backproof::facts::{Fact, types};
use backproof::model::greatest;
use backproof::vocabulary::{Attribute, Type, Vocabulary};
use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Numbers that decide what is made up, taken one after the other.
struct Choices {
    numbers: Vec<u64>,
    next: usize,
}

impl Choices {
    fn below(&mut self, sides: usize) -> usize {
        let number = self.numbers[self.next % self.numbers.len()];
        self.next += 1;
        // Scattered, because a short list comes round again.
        let scattered = (number ^ self.next as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        usize::try_from(scattered).unwrap() % sides
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// Makes things up.
struct Maker<'v> {
    vocabulary: &'v Vocabulary,
    choices: Choices,
    /// Texts that policies name, and others.
    words: Vec<String>,
    made: BTreeMap<EntityUid, Entity>,
}

/// Texts that policies compare facts with.
const WORDS: [&str; 14] = [
    "",
    "COMPLETED",
    "AVAILABLE",
    "DELETING",
    "EXPIRED",
    "CREATING",
    "EBS",
    "RDS",
    "yes",
    "compliance",
    "BACKUP_VAULT",
    "LOGICALLY_AIR_GAPPED_BACKUP_VAULT",
    "RESTORE_ACCESS_BACKUP_VAULT",
    "eu-west-1",
];

impl Maker<'_> {
    fn number(&mut self, fact: &str) -> i64 {
        let most = greatest(fact);
        let edges = [0, 1, 7, 24, 35, 400, 36_500, most / 2, most - 1, most];
        *self.choices.of(&edges)
    }

    fn value(&mut self, name: &str, declared: &Type, depth: usize) -> RestrictedExpression {
        match declared {
            Type::Long => RestrictedExpression::new_long(self.number(name)),
            Type::Bool => RestrictedExpression::new_bool(self.choices.below(2) == 0),
            Type::String => {
                let word = self.choices.below(self.words.len());
                RestrictedExpression::new_string(self.words[word].clone())
            }
            Type::Set(element) => {
                let count = self.choices.below(3);
                RestrictedExpression::new_set(
                    (0..count).map(|_| self.value(name, element, depth)).collect::<Vec<_>>(),
                )
            }
            Type::Record(fields) => {
                let made = self.fields(fields, depth);
                RestrictedExpression::new_record(made).unwrap()
            }
            Type::Entity(type_name) => RestrictedExpression::new_entity_uid(self.thing(type_name, depth + 1)),
        }
    }

    fn fields(
        &mut self,
        fields: &BTreeMap<String, Attribute>,
        depth: usize,
    ) -> Vec<(String, RestrictedExpression)> {
        let mut made = Vec::new();
        for (name, field) in fields {
            if field.required || self.choices.below(2) == 0 {
                made.push((name.clone(), self.value(name, &field.value, depth)));
            }
        }
        made
    }

    /// A thing of which every fact is known, and all that it refers to.
    fn thing(&mut self, type_name: &str, depth: usize) -> EntityUid {
        let id = format!("{type_name} {depth}");
        let uid =
            EntityUid::from_type_name_and_id(EntityTypeName::from_str(type_name).unwrap(), EntityId::new(id));
        if self.made.contains_key(&uid) {
            return uid;
        }
        let declared = self.vocabulary.entity_type(type_name).unwrap();
        let facts = self.fields(&declared.attributes, depth);
        let tags: Vec<_> = if declared.has_tags {
            let keys = ["EBS", "backup"].into_iter().filter(|_| self.choices.below(2) == 0);
            keys.collect::<Vec<_>>()
                .into_iter()
                .map(|key| {
                    let value = self.choices.of(&["yes", "no", ""]);
                    (key.to_owned(), RestrictedExpression::new_string((*value).to_owned()))
                })
                .collect()
        } else {
            Vec::new()
        };
        let entity = Entity::new_with_tags(uid.clone(), facts, BTreeSet::new(), tags).unwrap();
        self.made.insert(uid.clone(), entity);
        uid
    }

    /// Values of a control's parameters: words first, because bounds of numbers hang on them.
    fn parameters(&mut self, control: &Control) -> BTreeMap<String, Fact> {
        let role = "arn:aws:iam::111122223333:role/BreakGlass";
        let words = ["", "days", "hours", "true", "false", "111122223333", "eu-west-1", role];
        let numbers = ["1", "0", "7", "24", "31", "91", "744", "2184", "36500", "9223372036854775807"];
        let mut values = BTreeMap::new();
        for (texts, are_numbers) in [(&words[..], false), (&numbers, true)] {
            for (name, parameter) in &control.parameters {
                let fitting: Vec<Fact> = texts
                    .iter()
                    .filter_map(|text| parameter.value_of(text).ok())
                    .filter(|value| matches!(value, Fact::Long(_)) == are_numbers)
                    .filter(|value| {
                        let mut tried = values.clone();
                        tried.insert(name.clone(), value.clone());
                        parameter.check_bounds(&tried).is_ok()
                    })
                    .collect();
                if !fitting.is_empty() && (parameter.required || self.choices.below(3) > 0) {
                    values.insert(name.clone(), self.choices.of(&fitting).clone());
                }
            }
        }
        let missing = control.parameters.values().find(|it| it.required && !values.contains_key(&it.name));
        assert!(missing.is_none(), "{}: no value was found for {missing:?}", control.name);
        values
    }
}

fn expression(fact: &Fact) -> RestrictedExpression {
    match fact {
        Fact::Long(it) => RestrictedExpression::new_long(*it),
        Fact::Bool(it) => RestrictedExpression::new_bool(*it),
        Fact::String(it) => RestrictedExpression::new_string(it.to_string()),
        Fact::Set(items) => RestrictedExpression::new_set(items.iter().map(expression).collect::<Vec<_>>()),
        Fact::Record(_) | Fact::Entity(_) => panic!("no parameter is a record or an entity"),
    }
}

/// What a control's policies say when they err, of one made-up question for each pair of types.
fn errors(control: &Control, vocabulary: &Vocabulary, numbers: &[u64]) -> Vec<String> {
    let mut found = Vec::new();
    let principals = [types::ACCOUNT].into_iter().chain(control.evidence.iter().map(String::as_str));
    for principal in principals {
        for (index, resource) in control.resources.iter().enumerate() {
            let choices = Choices { numbers: numbers.to_vec(), next: index };
            let words = WORDS.map(str::to_owned).to_vec();
            let mut maker = Maker { vocabulary, choices, words, made: BTreeMap::new() };
            let (principal, resource) = (maker.thing(principal, 0), maker.thing(resource, 0));
            let parameters = maker.parameters(control);
            let context =
                Context::from_pairs(parameters.iter().map(|(name, it)| (name.clone(), expression(it))));
            let action = EntityUid::from_type_name_and_id(
                EntityTypeName::from_str("Control::Action").unwrap(),
                EntityId::new(&control.name),
            );
            let request = Request::new(principal, action, resource, context.unwrap(), None).unwrap();
            let entities = Entities::from_entities(maker.made.into_values(), None).unwrap();
            let response = Authorizer::new().is_authorized(&request, &control.policies.set, &entities);
            found.extend(response.diagnostics().errors().map(|it| format!("{}: {it}", control.name)));
        }
    }
    found
}

/// Searches for questions on which a policy of these controls errs.
fn search(catalog: &Catalog, names: &[String], cases: u32) -> Result<(), String> {
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    });
    let numbers = proptest::collection::vec(any::<u64>(), 64);
    let searched = runner.run(&numbers, |numbers| {
        for name in names {
            let found = errors(&catalog.controls[name], &catalog.vocabulary, &numbers);
            prop_assert!(found.is_empty(), "{found:?}");
        }
        Ok(())
    });
    searched.map_err(|error| error.to_string())
}

#[test]
fn no_policy_errs_on_known_facts() {
    let catalog = controls::catalog();
    let names: Vec<String> = catalog.controls.keys().cloned().collect();
    assert!(names.len() > 15);
    search(&catalog, &names, 80).unwrap();
}

#[test]
fn a_policy_that_can_overflow_is_found() {
    let mut catalog = controls::catalog();
    for (condition, errs) in [
        (
            "resource.lifecycle has deleteAfterDays && resource.lifecycle.deleteAfterDays * 24 > context.limit",
            false,
        ),
        ("resource.backupSizeInBytes + resource.ageHours > context.limit", false),
        ("resource.backupSizeInBytes * 2048 > context.limit", true),
        ("resource.ageDays + context.unbounded > 0", true),
    ] {
        let schema = r#"namespace Control { @title("Known") @severity("low") action "KNOWN" appliesTo {
            principal: [AWS::Organizations::Account], resource: AWS::Backup::RecoveryPoint,
            context: { @max("36500") @default("1") limit: Long, @default("1") unbounded: Long }
        }; }"#;
        let scope = r#"(principal, action == Control::Action::"KNOWN", resource)"#;
        let source = ControlSource {
            folder: "known".to_owned(),
            schema: schema.to_owned(),
            policies: format!("@id(\"in-scope\") permit {scope}; @id(\"known\") @message(\"it is\") forbid {scope} when {{ {condition} }};"),
            readme: "Known.".to_owned(),
            cases: r#"[{"name":"c","resource":{"type":"AWS::Backup::RecoveryPoint","id":"a"},"answer":"COMPLIANT"}]"#.to_owned(),
        };
        let control =
            Control::parse(&source, &catalog.vocabulary).unwrap_or_else(|it| panic!("{condition}: {it:?}"));
        catalog.controls.insert("KNOWN".to_owned(), control.into());
        let found = search(&catalog, &["KNOWN".to_owned()], 100);
        assert_eq!(found.is_err(), errs, "{condition}: {found:?}");
    }
}
