//! Whether a condition holds for what is known of a request.
//! A key the request says nothing of is unknown, which is not the same as absent.

use super::condition_key::canonical_key;
use super::operator::{Comparison, Operator, SetOperator};
use super::pattern::Pattern;
use super::request::{Context, Fact};
use super::statement::Clause;
use super::template::{Lookup, Resolved, Shape, Template};
use super::truth::Truth;
use super::value::{address_in, compare_dates, compare_numbers, parse_bool};

/// Whether the clause holds.
pub(super) fn evaluate(clause: &Clause, context: &Context) -> Truth {
    let Some(operator) = clause.operator else {
        return Truth::depends(clause.key.clone());
    };
    if clause.values.is_empty() {
        return Truth::depends(clause.key.clone());
    }
    let Some(fact) = context.fact(&clause.key) else {
        return Truth::depends(clause.key.clone());
    };
    if operator.comparison == Comparison::Null {
        return presence(clause, fact);
    }
    match fact {
        Fact::Absent => Truth::known(holds_without_key(operator)),
        Fact::Within(patterns) => {
            let matched = Truth::any(
                clause.values.iter().map(|value| value_covers(clause, operator, value, patterns, context)),
            );
            apply_negation(operator, matched)
        }
        Fact::Values(values) => compare_values(clause, operator, values, context),
    }
}

/// "IAM JSON policy elements: Condition operators": what a missing key means to each operator.
fn holds_without_key(operator: Operator) -> bool {
    match (operator.if_exists, operator.set) {
        (true, _) | (_, Some(SetOperator::ForAllValues)) => true,
        (false, Some(SetOperator::ForAnyValue)) => false,
        (false, None) => operator.negated,
    }
}

fn presence(clause: &Clause, fact: &Fact) -> Truth {
    let absent = match fact {
        Fact::Absent => true,
        Fact::Within(_) => false,
        Fact::Values(values) if is_empty_set(values) => return Truth::depends(clause.key.clone()),
        Fact::Values(_) => false,
    };
    Truth::any(clause.values.iter().map(|value| match parse_bool(value.text()) {
        Some(wanted) => Truth::known(wanted == absent),
        None => Truth::undocumented(),
    }))
}

fn compare_values(clause: &Clause, operator: Operator, values: &[String], context: &Context) -> Truth {
    if is_empty_set(values) {
        match operator.set {
            Some(SetOperator::ForAllValues) => return Truth::Yes,
            Some(SetOperator::ForAnyValue) => return Truth::No,
            None if values.is_empty() => return Truth::depends(clause.key.clone()),
            None => {}
        }
    }
    let each = values.iter().map(|value| {
        let matched =
            Truth::any(clause.values.iter().map(|template| compare(operator, template, value, context)));
        apply_negation(operator, matched)
    });
    match operator.set {
        Some(SetOperator::ForAllValues) => Truth::all(each),
        Some(SetOperator::ForAnyValue) => Truth::any(each),
        None => unanimous(clause, each),
    }
}

/// Several values without a set operator are not documented; where all of them agree the reading does not matter.
fn unanimous(clause: &Clause, each: impl Iterator<Item = Truth>) -> Truth {
    let mut result = None;
    for truth in each {
        match &result {
            None => result = Some(truth),
            Some(previous) if *previous == truth => {}
            Some(_) => return Truth::depends(clause.key.clone()),
        }
    }
    result.unwrap_or_else(|| Truth::depends(clause.key.clone()))
}

fn apply_negation(operator: Operator, matched: Truth) -> Truth {
    if operator.negated { matched.negate() } else { matched }
}

/// An empty string counts as no value at all for the set operators.
fn is_empty_set(values: &[String]) -> bool {
    values.iter().all(String::is_empty)
}

fn compare(operator: Operator, template: &Template, value: &str, context: &Context) -> Truth {
    let readable = |compared: Option<bool>| compared.map_or_else(Truth::undocumented, Truth::known);
    match operator.comparison {
        Comparison::Text | Comparison::TextLike | Comparison::TextAnyCase | Comparison::Arn => {
            compare_text(operator, template, value, context)
        }
        Comparison::Bool => {
            readable(parse_bool(template.text()).zip(parse_bool(value)).map(|(left, right)| left == right))
        }
        Comparison::Binary => Truth::known(template.text() == value),
        Comparison::Address => readable(address_in(value, template.text())),
        Comparison::Number(order) => readable(compare_numbers(order, value, template.text())),
        Comparison::Date(order) => readable(compare_dates(order, value, template.text())),
        Comparison::Null => Truth::undocumented(),
    }
}

fn compare_text(operator: Operator, template: &Template, value: &str, context: &Context) -> Truth {
    match resolve(operator, template, context) {
        Language::Nothing => Truth::No,
        Language::Unclear(pattern, _) if !pattern.matches(value) => Truth::No,
        Language::Unclear(_, truth) => truth,
        Language::Exactly(pattern) => Truth::known(pattern.matches(value)),
    }
}

/// As [`compare_text`] for a value of which only the patterns are known that it may belong to.
fn value_covers(
    clause: &Clause,
    operator: Operator,
    template: &Template,
    patterns: &[Pattern],
    context: &Context,
) -> Truth {
    if !matches!(
        operator.comparison,
        Comparison::Text | Comparison::TextLike | Comparison::TextAnyCase | Comparison::Arn
    ) {
        return Truth::depends(clause.key.clone());
    }
    match resolve(operator, template, context) {
        Language::Nothing => Truth::No,
        Language::Unclear(pattern, _) | Language::Exactly(pattern)
            if !patterns.iter().any(|possible| pattern.intersects(possible)) =>
        {
            Truth::No
        }
        Language::Unclear(_, truth) => truth.and(Truth::depends(clause.key.clone())),
        Language::Exactly(pattern) if patterns.iter().all(|possible| pattern.covers(possible)) => Truth::Yes,
        Language::Exactly(_) => Truth::depends(clause.key.clone()),
    }
}

/// What a text of the policy matches.
enum Language {
    Nothing,
    Exactly(Pattern),
    /// At most the pattern; whether a text in it is matched is as the truth says.
    Unclear(Pattern, Truth),
}

fn resolve(operator: Operator, template: &Template, context: &Context) -> Language {
    let is_arn = operator.comparison == Comparison::Arn;
    let short = is_arn && template.is_short_of_arn();
    let shape = if is_arn && !short { Shape::Arn } else { Shape::Text };
    let (pattern, missing) = match template.resolve(shape, |key| lookup(context, key)) {
        Resolved::Null => return Language::Nothing,
        Resolved::Pattern { pattern, missing } => (pattern, missing),
    };
    let pattern = if operator.comparison == Comparison::TextAnyCase { pattern.any_case() } else { pattern };
    if short {
        Language::Unclear(pattern, Truth::undocumented())
    } else if missing.is_empty() {
        Language::Exactly(pattern)
    } else {
        Language::Unclear(pattern, Truth::Unknown(missing))
    }
}

/// What the request says of a policy variable; a key with several values cannot be one.
pub(super) fn lookup(context: &Context, key: &str) -> Lookup {
    match context.fact(&canonical_key(key)) {
        Some(Fact::Absent) => Lookup::Absent,
        Some(Fact::Values(values)) => match values.as_slice() {
            [value] => Lookup::Value(value.clone()),
            _ => Lookup::Unknown,
        },
        Some(Fact::Within(_)) | None => Lookup::Unknown,
    }
}
