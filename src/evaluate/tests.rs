//! Answers that are shared are what each question would be answered by itself: of generated policies and facts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::EvaluateError;
use super::ask::{Asker, Pair};
use super::question::Question;
use super::store::Store;
use crate::catalog::Catalog;
use crate::control::{Control, ControlSource, Look, Looks, Sharing};
use crate::facts::{Fact, Thing, Uid, types};
use crate::framework::{ChosenControl, Scope};
use crate::model::Answer;
use crate::vocabulary::{Attribute, Type};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::built_in().unwrap());

const VOLUME: &str = "AWS::EC2::Volume";
const CLUSTER: &str = "AWS::RDS::DBCluster";

/// What is judged, and what can be put forward for it.
const SIDES: [(&str, &[&str]); 7] = [
    (types::RECOVERY_POINT, &[types::ACCOUNT]),
    (types::BACKUP_VAULT, &[types::ACCOUNT]),
    (VOLUME, &[types::ACCOUNT, types::RECOVERY_POINT]),
    (CLUSTER, &[types::ACCOUNT, types::BACKUP_RULE, types::COPY_ACTION]),
    (VOLUME, &[types::ACCOUNT, types::BACKUP_JOB, types::BACKUP_SELECTION]),
    (types::BACKUP_PLAN, &[types::ACCOUNT, types::BACKUP_RULE, types::COPY_ACTION]),
    (types::COPY_ACTION, &[types::ACCOUNT]),
];

/// How many things of each type there are; the last of them is one that nobody knows.
const THINGS: u64 = 24;
/// How many different ids facts refer to.
const REFERRED: u64 = 4;
const TEXTS: [&str; 6] = ["", "env", "prod", "COMPLETED", "COMPLETED2", "arn:aws:x:::x/env"];

/// Draws from a seed: the same again for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one<'o, T>(&mut self, of: &'o [T]) -> &'o T {
        &of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }

    fn is(&mut self, one_in: u64) -> bool {
        self.roll(one_in) == 0
    }

    fn fact(&mut self, of: &Type) -> Fact {
        match of {
            // The greatest number makes sums overflow, which is an error of Cedar's own.
            Type::Long => Fact::Long(*self.one(&[0, 1, 7, 20, 35, 36, i64::MAX])),
            Type::Bool => Fact::Bool(self.is(2)),
            Type::String => Fact::from(*self.one(&TEXTS)),
            Type::Set(element) => Fact::Set((0..self.roll(3)).map(|_| self.fact(element)).collect()),
            Type::Entity(name) => Fact::Entity(uid(name, self.roll(REFERRED))),
            Type::Record(fields) => {
                let mut record = Vec::new();
                for (name, field) in fields {
                    if field.required || self.is(2) {
                        record.push((name.clone().into(), self.fact(&field.value)));
                    }
                }
                Fact::Record(record)
            }
        }
    }

    /// A thing of which anything may be missing.
    fn thing(&mut self, type_name: &str, number: u64) -> Thing {
        let declared = CATALOG.vocabulary.entity_type(type_name).unwrap();
        let mut thing = Thing::unknown(uid(type_name, number));
        let one_in = *self.one(&[2, 8, 1_000]);
        for (name, attribute) in &declared.attributes {
            if !self.is(one_in) {
                thing.attributes.push((name.clone().into(), self.fact(&attribute.value)));
            }
        }
        if declared.has_tags && !self.is(one_in) {
            let mut tags = BTreeMap::new();
            for key in ["env", "prod", "x"] {
                if self.is(2) {
                    tags.insert(key.to_owned(), (*self.one(&TEXTS)).to_owned());
                }
            }
            thing.tags = Some(tags);
        }
        thing.units_known = !self.is(one_in);
        let mut above = |kind: &str, thing: &mut Thing| {
            if !self.is(3) {
                thing.parents.push(uid(kind, self.roll(REFERRED)));
            }
        };
        match type_name {
            // A unit is in one before it, so there is no circle.
            types::UNIT if number > 0 => thing.parents = vec![uid(types::UNIT, number - 1)],
            types::UNIT => {}
            types::ACCOUNT => above(types::UNIT, &mut thing),
            types::BACKUP_VAULT => above(types::ACCOUNT, &mut thing),
            _ => {
                above(types::ACCOUNT, &mut thing);
                above(types::BACKUP_VAULT, &mut thing);
            }
        }
        thing
    }

    /// A condition over paths, guarded as strict validation wants it.
    fn condition(&mut self, paths: &[Path], depth: u64) -> String {
        if depth > 0 && !self.is(3) {
            let mut inner = || self.condition(paths, depth - 1);
            let (one, other, third) = (inner(), inner(), inner());
            return match self.roll(6) {
                0 => format!("!({one})"),
                1 | 2 => format!("({one}) && ({other})"),
                3 | 4 => format!("({one}) || ({other})"),
                _ => format!("if {one} then {other} else {third}"),
            };
        }
        let path = self.one(paths).clone();
        let tests: Vec<String> = path.guards.iter().cloned().chain([self.test(&path, paths)]).collect();
        tests.join(" && ")
    }

    fn test(&mut self, path: &Path, paths: &[Path]) -> String {
        let Path { text, .. } = path;
        let other = paths.iter().filter(|it| it.of == path.of && it.guards.is_empty());
        let others: Vec<&Path> = other.collect();
        let other = if others.is_empty() { text.clone() } else { self.one(&others).text.clone() };
        match &path.of {
            Type::Long => match self.roll(5) {
                0 => format!("{text} > {}", self.one(&[0, 7, 20, 35])),
                1 => format!("{text} <= context.days"),
                2 => format!("{text} + 1 > {other}"),
                3 => format!("{text} * 2 == {other} - 7"),
                _ => format!("[1, 7, 20].contains({text})"),
            },
            Type::Bool => text.clone(),
            Type::String => match self.roll(4) {
                0 => format!("{text} == \"{}\"", self.one(&TEXTS)),
                1 => format!("{text} like \"*{}*\"", self.one(&["env", "2", "x"])),
                2 => format!("{text} == {other}"),
                _ => format!("context.texts.contains({text})"),
            },
            Type::Set(element) if **element == Type::String => match self.roll(3) {
                0 => format!("{text}.isEmpty()"),
                1 => format!("{text}.contains(\"{}\")", self.one(&TEXTS)),
                _ => format!("context.texts.containsAll({text})"),
            },
            Type::Set(_) => format!("{text}.isEmpty()"),
            Type::Entity(name) => self.test_of_thing(text, name, &other, path.is_root),
            Type::Record(_) => format!("{text} == {text}"),
        }
    }

    fn test_of_thing(&mut self, text: &str, name: &str, other: &str, is_root: bool) -> String {
        let (unit, account, vault) = (types::UNIT, types::ACCOUNT, types::BACKUP_VAULT);
        let number = self.roll(REFERRED);
        let has_tags = CATALOG.vocabulary.entity_type(name).is_some_and(|it| it.has_tags);
        match self.roll(9) {
            0 | 1 if has_tags => format!("{text}.hasTag(\"{}\")", self.one(&["env", "x"])),
            2 if has_tags => format!("{text}.hasTag(\"env\") && {text}.getTag(\"env\") == \"prod\""),
            3 if has_tags => format!("{text}.hasTag(context.key)"),
            // These look at what cannot be told: they are asked one by one.
            4 if has_tags && self.is(6) => format!("{text}.hasTag({text}.name)"),
            5 if is_root && self.is(6) => format!("[{text}].contains({text})"),
            0..=4 => match name {
                types::UNIT => format!("{text} in {unit}::\"{number}\""),
                types::ACCOUNT => format!("{text} in {unit}::\"{number}\""),
                types::BACKUP_VAULT | types::BACKUP_PLAN => format!("{text} in {account}::\"{number}\""),
                types::RECOVERY_POINT => format!("{text} in [{vault}::\"{number}\", {account}::\"1\"]"),
                _ => format!("{text} in [{unit}::\"{number}\", {unit}::\"0\"]"),
            },
            5 => format!("{text} == {name}::\"{number}\""),
            6 if !is_root => format!("{text} == {other}"),
            _ => format!("{name}::\"{number}\" != {text}"),
        }
    }

    fn policies(&mut self, resource: &str, principals: &[&str]) -> String {
        let of_resource = paths("resource", resource);
        let told = of_resource.iter().find(|it| it.of == Type::String).unwrap().text.clone();
        let permit = if self.is(2) { String::new() } else { self.clause(&of_resource) };
        let mut text = format!(
            "@id(\"in-scope\") @message(\"{{{told}}}\")\npermit (principal, action, resource){permit};\n"
        );
        for number in 0..=self.roll(3) {
            let principal = *self.one(principals);
            let mut all = paths("principal", principal);
            all.extend(of_resource.iter().cloned());
            let scope = match self.roll(8) {
                0 => format!("resource in {}::\"1\"", types::ACCOUNT),
                1 => format!("resource == {resource}::\"{}\"", self.roll(THINGS)),
                2 => format!("resource is {resource}"),
                _ => "resource".to_owned(),
            };
            let clause = self.clause(&all);
            text.push_str(&format!(
                "@id(\"no-{number}\") @message(\"{{{told}}} {{context.days}}\")\n\
                 forbid (principal is {principal}, action, {scope}){clause};\n"
            ));
        }
        text
    }

    fn clause(&mut self, paths: &[Path]) -> String {
        let word = if self.is(2) { "when" } else { "unless" };
        format!("\n{word} {{ {} }}", self.condition(paths, 2))
    }
}

/// A way to a value that a policy can write.
#[derive(Clone)]
struct Path {
    text: String,
    guards: Vec<String>,
    of: Type,
    is_root: bool,
}

fn uid(type_name: &str, number: u64) -> Uid {
    Uid::new(type_name.to_owned(), number.to_string())
}

/// All ways that begin at one side of a question, through no more than two things.
fn paths(root: &str, type_name: &str) -> Vec<Path> {
    fn inside(path: &Path, attributes: &BTreeMap<String, Attribute>, things: u32, all: &mut Vec<Path>) {
        for (name, attribute) in attributes {
            let mut guards = path.guards.clone();
            if !attribute.required {
                guards.push(format!("{} has {name}", path.text));
            }
            let of = attribute.value.clone();
            let next = Path { text: format!("{}.{name}", path.text), guards, of, is_root: false };
            match &attribute.value {
                Type::Record(fields) => inside(&next, fields, things, all),
                Type::Entity(name) if things > 0 => {
                    let declared = CATALOG.vocabulary.entity_type(name).unwrap();
                    inside(&next, &declared.attributes, things - 1, all);
                }
                _ => {}
            }
            all.push(next);
        }
    }
    let of = Type::Entity(type_name.to_owned());
    let path = Path { text: root.to_owned(), guards: Vec::new(), of, is_root: true };
    let mut all = Vec::new();
    inside(&path, &CATALOG.vocabulary.entity_type(type_name).unwrap().attributes, 2, &mut all);
    // What begins the way is a fifth of all that is asked about.
    let roots = all.len() / 5 + 1;
    all.extend(std::iter::repeat_n(path, roots));
    all
}

fn control(resource: &str, principals: &[&str], policies: &str) -> Result<Control, String> {
    let source = ControlSource {
        folder: "generated".to_owned(),
        schema: format!(
            "namespace Control {{ @title(\"generated\") @severity(\"low\") @missing(\"none\")\n\
             action \"GENERATED\" appliesTo {{ principal: [{}], resource: {resource}, context: {{\n\
             @default(\"20\") days: Long, @default(\"env\") key: String, @default(\"env,prod\") texts: Set<String> }} }}; }}",
            principals.join(", ")
        ),
        policies: policies.to_owned(),
        readme: "Generated.".to_owned(),
        cases: format!(
            r#"[{{"name": "none", "resource": {{"type": "{resource}", "id": "x"}}, "answer": "COMPLIANT"}}]"#
        ),
    };
    Control::parse(&source, &CATALOG.vocabulary)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn chosen(control: Control) -> ChosenControl {
    let given: BTreeMap<String, String> =
        control.parameters.values().filter_map(|it| Some((it.name.clone(), it.default.clone()?))).collect();
    let value =
        |(name, text): (&String, &String)| (name.clone(), control.parameters[name].value_of(text).unwrap());
    let parameters = given.iter().map(value).collect();
    ChosenControl { control: Arc::new(control), parameters, given, scope: Scope::default() }
}

/// What became of the questions of one seed.
#[derive(Default)]
struct Counts {
    questions: u64,
    shared: u64,
    answers: BTreeMap<Answer, u64>,
    one_by_one: u64,
}

/// Compares the shared answer to every question of a generated control with a direct one.
fn compare(seed: u64, counts: &mut Counts) {
    let mut dice = Dice(seed);
    let (resource, principals) = *dice.one(&SIDES);
    let mut refused = String::new();
    let drawn = (0..100).find_map(|_| {
        let policies = dice.policies(resource, principals);
        // Some that are drawn can never hold, which is refused.
        let control = control(resource, principals, &policies).map_err(|it| refused = it);
        Some((policies, control.ok()?))
    });
    let (policies, control) = drawn.unwrap_or_else(|| panic!("seed {seed}: {refused}"));
    let chosen = chosen(control);
    let kinds = [resource].into_iter().chain(principals.iter().copied().filter(|it| *it != types::ACCOUNT));
    let judged: Vec<Thing> = kinds
        .flat_map(|kind| (0..THINGS).map(move |number| (kind, number)))
        .map(|(kind, number)| dice.thing(kind, number))
        .collect();
    let mut others = BTreeMap::new();
    for kind in CATALOG
        .vocabulary
        .type_names()
        .filter(|it| it.starts_with("AWS::Backup") || it.starts_with("AWS::Org"))
    {
        for number in 0..REFERRED - 1 {
            others.insert(uid(kind, number), dice.thing(kind, number));
        }
    }
    let shared = |uid: &Uid| match others.get(uid) {
        Some(thing) => Cow::Borrowed(thing),
        None => Cow::Owned(Thing::unknown(uid.clone())),
    };
    let accounts: Vec<Thing> =
        (0..REFERRED).map(|it| shared(&uid(types::ACCOUNT, it)).into_owned()).collect();
    let store = Store::new(judged.iter().collect(), Cow::Borrowed(&accounts[0]), &shared);
    let mut asker = Asker::new(&CATALOG.vocabulary, None);
    asker.checked = u64::MAX;
    let sheet = asker.sheet(&chosen);
    let (resources, evidence): (Vec<&Thing>, Vec<&Thing>) =
        judged.iter().partition(|it| *it.uid.type_name == *resource);
    let alike = matches!(chosen.control.policies.sharing, Sharing::Alike(_));
    for principal in accounts.iter().chain(evidence) {
        for resource in &resources {
            let pair = Pair { principal, resource, store: &store };
            let entities = store.entities.get_or_init(|| asker.everything(pair));
            let (direct, its_own) = asker.ask_directly(&sheet, pair, entities);
            let (verdict, decision) = asker.ask(&sheet, pair).unwrap();
            let (one, other) =
                (asker.messages(&sheet, &decision, pair), asker.messages(&sheet, &its_own, pair));
            assert_eq!(verdict, direct, "seed {seed}: {} {}\n{policies}", principal.uid, resource.uid);
            assert_eq!(one, other, "seed {seed}: {} {}\n{policies}", principal.uid, resource.uid);
            counts.questions += 1;
            *counts.answers.entry(direct.answer).or_default() += 1;
        }
    }
    counts.one_by_one += u64::from(!alike);
    counts.shared += sheet.shared();
}

/// So many controls of so many questions each; the parts run side by side.
fn compare_many(part: u64) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    let rng_seed = if asked.is_none() { RngSeed::Fixed(part) } else { RngSeed::Random };
    let cases = asked.unwrap_or(60);
    let config =
        Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let counts = std::cell::RefCell::new(Counts::default());
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(&any::<u64>(), |seed| {
        compare(seed, &mut counts.borrow_mut());
        Ok(())
    });
    run.unwrap();
    let Counts { questions, shared, answers, one_by_one } = counts.into_inner();
    let told =
        format!("{questions} questions, {shared} shared, {one_by_one} controls one by one, {answers:?}");
    // A generator that draws nothing to share, or only one answer, would prove nothing.
    assert!(
        questions >= 25_000.min(u64::from(cases) * 96) && shared * 4 > questions && answers.len() == 4,
        "{told}"
    );
}

#[test]
fn shared_answers_are_those_of_each_question_1() {
    compare_many(1);
}

#[test]
fn shared_answers_are_those_of_each_question_2() {
    compare_many(2);
}

#[test]
fn shared_answers_are_those_of_each_question_3() {
    compare_many(3);
}

#[test]
fn shared_answers_are_those_of_each_question_4() {
    compare_many(4);
}

fn question_of(control: Control, checked: u64, numbers: u64) -> Result<Vec<Answer>, EvaluateError> {
    let chosen = chosen(control);
    let mut asker = Asker::new(&CATALOG.vocabulary, None);
    asker.checked = checked;
    let sheet = asker.sheet(&chosen);
    let mut answers = Vec::new();
    for number in 0..numbers {
        let shared = |uid: &Uid| Cow::Owned(Thing::unknown(uid.clone()));
        let mut thing = Thing::unknown(uid(types::RECOVERY_POINT, number));
        thing.attributes.push(("ageDays".into(), Fact::Long(i64::try_from(number).unwrap())));
        let account = Cow::Owned(Thing::unknown(uid(types::ACCOUNT, 0)));
        let store = Store::new(vec![&thing], account, &shared);
        let question = Question { sheet: &sheet, thing: &thing, evidence: &[], near: &[], store: &store };
        answers.extend(question.answer(&asker, None)?.map(|(verdict, _)| verdict.answer));
    }
    Ok(answers)
}

fn too_old() -> Control {
    let policies = "@id(\"in-scope\")\npermit (principal, action, resource);\n\
        @id(\"too-old\") @message(\"{resource.ageDays}\")\n\
        forbid (principal, action, resource) when { resource.ageDays > 20 };";
    control(types::RECOVERY_POINT, &[types::ACCOUNT], policies).unwrap()
}

#[test]
fn an_answer_that_should_not_have_been_shared_stops_the_run() {
    assert_eq!(question_of(too_old(), 10, 31).map(|it| it.len()), Ok(31));
    let mut control = too_old();
    // As if no more were looked at than whether the fact is there.
    let parts = BTreeMap::from([("ageDays".to_owned(), Look::default())]);
    let resource = Look { parts, ..Look::default() };
    control.policies.sharing = Sharing::Alike(Looks { resource, ..Looks::default() });
    let error = question_of(control, 10, 31).unwrap_err();
    assert!(matches!(&error, EvaluateError::Unequal { shared, direct, .. } if shared != direct), "{error}");
}

#[test]
fn a_control_whose_questions_never_repeat_is_still_answered() {
    let answers = question_of(too_old(), 997, 20_000).unwrap();
    let compliant = answers.iter().filter(|it| **it == Answer::Compliant).count();
    assert_eq!((answers.len(), compliant), (20_000, 21));
}

#[test]
fn what_policies_look_at_is_found_in_them() {
    for (condition, expected) in [
        ("true", "once for all of a type"),
        ("resource.isEncrypted", "once for all of a type with the same resource.isEncrypted"),
        (
            "resource.lifecycle has deleteAfterDays && resource.lifecycle.deleteAfterDays < context.days",
            "once for all of a type with the same resource.lifecycle.deleteAfterDays",
        ),
        (
            r#"resource.vault.locked && principal.hasTag("env") && resource.hasTag(context.key)"#,
            "once for all of a type with the same principal's tag `env`, resource.vault.locked, resource's tag `context.key`",
        ),
        (
            r#"resource in AWS::Organizations::OrganizationalUnit::"ou-1""#,
            "once for all of a type with the same what resource is in",
        ),
        (r#"resource == AWS::Backup::RecoveryPoint::"x""#, "once for all of a type with the same resource"),
        ("resource.hasTag(resource.status)", "one by one, because policy `no` computes the key of a tag"),
        ("[resource].contains(resource)", "one by one, because policy `no` uses `resource` as a whole"),
        (
            "resource in resource.vault",
            "one by one, because policy `no` asks whether something is in what is not written in it",
        ),
        (
            "(if resource.isParent then resource.lifecycle else resource.lifecycle) has deleteAfterDays",
            "refused",
        ),
        (
            "(if resource.isParent then resource.vault else resource.vault).locked",
            "one by one, because policy `no` looks into something computed",
        ),
    ] {
        let policies = format!(
            "@id(\"in-scope\")\npermit (principal, action, resource);\n\
             @id(\"no\") @message(\"no\")\nforbid (principal, action, resource) when {{ {condition} }};"
        );
        let found = match control(types::RECOVERY_POINT, &[types::ACCOUNT], &policies) {
            Ok(control) => control.policies.sharing.to_string(),
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(found, expected, "{condition}");
    }
}
