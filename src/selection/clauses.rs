//! A selection's clauses, read from AWS's words into what can be compared.

use std::sync::Arc;

use super::input::{BackupSelection, ConditionForm, ConditionParameter, OperatorConditions, TagCondition};
use super::outcome::Clause;
use super::pattern::Pattern;
use super::problem::SelectionProblem;
use super::truth::Truth;
use super::wildcard::{LONGEST, Wildcard};

const RESOURCE_TAG: &str = "aws:ResourceTag/";

/// The four lists of a selection.
#[derive(Clone, Debug)]
pub(super) struct Clauses {
    pub(super) resources: Vec<Pattern>,
    pub(super) list_of_tags: Vec<TagPair>,
    pub(super) conditions: Vec<Condition>,
    pub(super) not_resources: Vec<Pattern>,
}

/// An entry of `ListOfTags`.
#[derive(Clone, Debug)]
pub(super) struct TagPair {
    key: Arc<str>,
    value: Arc<str>,
    pub(super) test: Result<TagTest, Box<SelectionProblem>>,
}

/// An entry of `Conditions`.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    operator: Arc<str>,
    key: Arc<str>,
    value: Arc<str>,
    pub(super) test: Result<(Polarity, TagTest), Box<SelectionProblem>>,
}

/// Whether a condition wants the tag test to hold or to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polarity {
    Holds,
    Fails,
}

/// A question about one tag, in the affirmative.
#[derive(Clone, Debug)]
pub(super) struct TagTest {
    pub(super) key: Arc<str>,
    pub(super) value: ValueTest,
}

#[derive(Clone, Debug)]
pub(super) enum ValueTest {
    Equals(Arc<str>),
    Like(Arc<str>, Box<Wildcard>),
}

impl TagTest {
    /// Whether any of the tags answers the test; `None` stands for tags that could not be read.
    pub(super) fn holds(&self, tags: Option<&[(&str, &str)]>) -> Truth {
        let Some(tags) = tags else {
            return Truth::Unknown;
        };
        let mut holds = Truth::No;
        for (_, value) in tags.iter().filter(|(key, _)| *key == &*self.key) {
            holds = holds.or(self.value.matches(value));
        }
        holds
    }

    /// The resource's value for the tag, if it was read and has one.
    pub(super) fn found<'a>(&self, tags: Option<&[(&str, &'a str)]>) -> Option<&'a str> {
        tags.unwrap_or_default().iter().find(|(key, _)| *key == &*self.key).map(|(_, value)| *value)
    }
}

impl ValueTest {
    fn matches(&self, value: &str) -> Truth {
        match self {
            Self::Equals(wanted) => Truth::from(**wanted == *value),
            Self::Like(_, wildcard) => wildcard.matches(value),
        }
    }
}

impl Polarity {
    pub(super) fn apply(self, holds: Truth) -> Truth {
        match self {
            Self::Holds => holds,
            Self::Fails => holds.not(),
        }
    }
}

impl TagPair {
    pub(super) fn clause(&self) -> Clause {
        Clause::ListOfTags { key: self.key.clone(), value: self.value.clone() }
    }
}

impl Condition {
    pub(super) fn clause(&self) -> Clause {
        Clause::Condition {
            operator: self.operator.clone(),
            key: self.key.clone(),
            value: self.value.clone(),
        }
    }
}

impl Clauses {
    pub(super) fn new(
        body: &BackupSelection,
        account: &str,
        region: &str,
        problems: &mut Vec<SelectionProblem>,
    ) -> Self {
        if body.resources.is_empty() && body.list_of_tags.is_empty() {
            problems.push(SelectionProblem::Unbounded);
        }
        let mut patterns = |texts: &[String]| {
            texts.iter().map(|text| Pattern::new(text, account, region, problems)).collect()
        };
        let resources = patterns(&body.resources);
        let not_resources = patterns(&body.not_resources);
        Self {
            resources,
            list_of_tags: body.list_of_tags.iter().map(|pair| read_pair(pair, problems)).collect(),
            conditions: body.conditions.iter().flat_map(|group| read_operator(group, problems)).collect(),
            not_resources,
        }
    }

    /// Whether the selection reaches every resource because it chooses none.
    pub(super) fn reach_everything(&self) -> bool {
        self.resources.is_empty() && self.list_of_tags.is_empty()
    }
}

fn read_pair(pair: &TagCondition, problems: &mut Vec<SelectionProblem>) -> TagPair {
    let (key, value): (Arc<str>, Arc<str>) =
        (pair.condition_key.as_str().into(), pair.condition_value.as_str().into());
    let condition_type: Arc<str> = pair.condition_type.as_str().into();
    let test = if condition_type.eq_ignore_ascii_case("STRINGEQUALS") {
        tag_key(&key).and_then(|tag| equals(tag, &value, problems))
    } else {
        readable(&condition_type)
            .and_then(|()| Err(SelectionProblem::UnknownConditionType { condition_type, key: key.clone() }))
    };
    TagPair { key, value, test: noted(test, problems) }
}

fn read_operator(group: &OperatorConditions, problems: &mut Vec<SelectionProblem>) -> Vec<Condition> {
    let operator: Arc<str> = group.operator.as_str().into();
    let parameters = match &group.form {
        ConditionForm::List(parameters) => parameters,
        ConditionForm::Map => {
            let nothing: Arc<str> = "".into();
            let problem = SelectionProblem::ConditionMap { operator: operator.clone() };
            let test = noted(Err(problem), problems);
            return vec![Condition { operator, key: nothing.clone(), value: nothing, test }];
        }
    };
    parameters.iter().map(|parameter| read_condition(&operator, parameter, problems)).collect()
}

fn read_condition(
    operator: &Arc<str>,
    parameter: &ConditionParameter,
    problems: &mut Vec<SelectionProblem>,
) -> Condition {
    let key: Arc<str> = parameter.condition_key.as_str().into();
    let value: Arc<str> = parameter.condition_value.as_str().into();
    let test = tag_key(&key).and_then(|tag| match &**operator {
        "StringEquals" => Ok((Polarity::Holds, equals(tag, &value, problems)?)),
        "StringNotEquals" => Ok((Polarity::Fails, equals(tag, &value, problems)?)),
        "StringLike" => Ok((Polarity::Holds, like(tag, &value, problems)?)),
        "StringNotLike" => Ok((Polarity::Fails, like(tag, &value, problems)?)),
        _ => Err(SelectionProblem::UnknownOperator { operator: operator.clone() }),
    });
    Condition { operator: operator.clone(), key, value, test: noted(test, problems) }
}

fn noted<T>(
    test: Result<T, SelectionProblem>,
    problems: &mut Vec<SelectionProblem>,
) -> Result<T, Box<SelectionProblem>> {
    test.map_err(|problem| {
        problems.push(problem.clone());
        Box::new(problem)
    })
}

/// The tag key that a condition key names, with `aws:ResourceTag/` or bare.
fn tag_key(key: &Arc<str>) -> Result<Arc<str>, SelectionProblem> {
    readable(key)?;
    let tag = match key.strip_prefix(RESOURCE_TAG) {
        Some(tag) => tag.into(),
        None if is_policy_key(key) => {
            return Err(SelectionProblem::NotATagKey { key: key.clone() });
        }
        None => key.clone(),
    };
    if tag.is_empty() { Err(SelectionProblem::NotATagKey { key: key.clone() }) } else { Ok(tag) }
}

/// Whether the key looks like an IAM condition key about tags: `ec2:ResourceTag/…`, `aws:RequestTag/…`, `AWS:resourcetag/…`.
fn is_policy_key(key: &str) -> bool {
    key.split_once('/').and_then(|(before, _)| before.split_once(':')).is_some_and(|(_, name)| {
        name.len() >= 3
            && name.as_bytes().iter().rev().zip(b"gat").all(|(have, want)| have.eq_ignore_ascii_case(want))
    })
}

fn readable(text: &Arc<str>) -> Result<(), SelectionProblem> {
    if text.len() > LONGEST {
        return Err(SelectionProblem::TooLong { bytes: text.len() });
    }
    if text.contains("${") {
        return Err(SelectionProblem::Placeholder { text: text.clone() });
    }
    Ok(())
}

fn equals(
    key: Arc<str>,
    value: &Arc<str>,
    problems: &mut Vec<SelectionProblem>,
) -> Result<TagTest, SelectionProblem> {
    readable(value)?;
    if value.contains('*') {
        problems.push(SelectionProblem::LiteralStar { key: key.clone(), value: value.clone() });
    }
    Ok(TagTest { key, value: ValueTest::Equals(value.clone()) })
}

fn like(
    key: Arc<str>,
    value: &Arc<str>,
    problems: &mut Vec<SelectionProblem>,
) -> Result<TagTest, SelectionProblem> {
    readable(value)?;
    if value.contains('?') {
        problems.push(SelectionProblem::QuestionMark { text: value.clone() });
    }
    Ok(TagTest { key, value: ValueTest::Like(value.clone(), Box::new(Wildcard::of_value(value))) })
}
