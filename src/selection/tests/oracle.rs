//! A second implementation, written from the guide's text alone: slow, obvious, and sharing no code with the module.
//!
//! `Some(true)` is covered, `Some(false)` not covered, `None` cannot be told.

use super::{BackupSelection, Candidate, ConditionForm, OptIn, SelectionId, Settings};

pub(super) fn covers(
    id: &SelectionId,
    body: Option<&BackupSelection>,
    resource: &Candidate<'_>,
    settings: &Settings<'_>,
) -> Option<bool> {
    if id.account.as_ref() != resource.account || id.region.as_ref() != resource.region {
        return Some(false);
    }
    let leftover = made_by_restore_test(resource);
    let Some(body) = body else {
        return both([negate(leftover), None]);
    };
    let parts = parts(id, body, resource, settings);
    both([negate(leftover), parts.candidate, negate(parts.excluded), both(parts.conditions)])
}

/// How many clauses certainly fail: the ways in count as one, and so do the exclusions.
pub(super) fn failures(
    id: &SelectionId,
    body: Option<&BackupSelection>,
    resource: &Candidate<'_>,
    settings: &Settings<'_>,
) -> usize {
    let Some(body) = body else { return 0 };
    let parts = parts(id, body, resource, settings);
    let conditions = parts.conditions.iter().filter(|holds| **holds == Some(false)).count();
    usize::from(parts.candidate == Some(false)) + usize::from(parts.excluded == Some(true)) + conditions
}

struct Parts {
    candidate: Option<bool>,
    excluded: Option<bool>,
    conditions: Vec<Option<bool>>,
}

fn parts(
    id: &SelectionId,
    body: &BackupSelection,
    resource: &Candidate<'_>,
    settings: &Settings<'_>,
) -> Parts {
    let opted_in =
        match if id.plan_id.starts_with("orgs/") { settings.management_opt_in } else { settings.opt_in } {
            OptIn::Read(map) => map.get(resource.opt_in_name).copied(),
            OptIn::Unread => None,
        };
    let candidate = if body.resources.is_empty() && body.list_of_tags.is_empty() {
        opted_in
    } else {
        let by_pattern = body.resources.iter().map(|pattern| {
            both([pattern_matches(pattern, resource.arn), overrides_or_in(pattern, resource.arn, opted_in)])
        });
        let by_tag = body.list_of_tags.iter().map(|pair| {
            let plain = pair.condition_type.to_lowercase() == "stringequals";
            let matched = if plain {
                tag_answers("=", &pair.condition_key, &pair.condition_value, resource)
            } else {
                None
            };
            both([matched, opted_in])
        });
        either(by_pattern.chain(by_tag))
    };
    let excluded = either(body.not_resources.iter().map(|pattern| pattern_matches(pattern, resource.arn)));
    let mut all = Vec::new();
    for group in &body.conditions {
        match &group.form {
            ConditionForm::Map => all.push(None),
            ConditionForm::List(list) => all.extend(list.iter().map(|condition| {
                let (key, value) = (&condition.condition_key, &condition.condition_value);
                match group.operator.as_str() {
                    "StringEquals" => tag_answers("=", key, value, resource),
                    "StringNotEquals" => negate(tag_answers("=", key, value, resource)),
                    "StringLike" => tag_answers("~", key, value, resource),
                    "StringNotLike" => negate(tag_answers("~", key, value, resource)),
                    _ => None,
                }
            })),
        }
    }
    Parts { candidate, excluded, conditions: all }
}

fn both(truths: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let truths: Vec<_> = truths.into_iter().collect();
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn either(truths: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    negate(both(truths.into_iter().map(negate)))
}

fn negate(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

fn made_by_restore_test(resource: &Candidate<'_>) -> Option<bool> {
    let mark = "awsbackup-restore-test";
    let last = resource.arn.split([':', '/']).next_back().unwrap();
    if resource.name.starts_with(mark) || last.starts_with(mark) || resource.restore_test == Some(true) {
        return Some(true);
    }
    match resource.tags {
        Some(tags) => Some(tags.iter().any(|tag| tag.0 == mark)),
        None => resource.restore_test,
    }
}

/// The strict and the loose reading; they must agree to give an answer.
fn agree(strict: bool, loose: bool) -> Option<bool> {
    (strict == loose).then_some(strict)
}

fn tag_answers(how: &str, key: &str, value: &str, resource: &Candidate<'_>) -> Option<bool> {
    let policy_key = |key: &str| {
        let before = key.split('/').next().unwrap().to_lowercase();
        key.contains('/') && before.contains(':') && before.split_once(':').unwrap().1.ends_with("tag")
    };
    let name = key.strip_prefix("aws:ResourceTag/").unwrap_or(key);
    if name.is_empty() || (name == key && policy_key(key)) || key.contains("${") || value.contains("${") {
        return None;
    }
    let tags = resource.tags?;
    either(tags.iter().filter(|tag| tag.0 == name).map(|tag| {
        if how == "=" {
            return Some(tag.1 == value);
        }
        if !value.contains(['*', '?']) {
            return Some(tag.1 == value);
        }
        let strict = like(value, tag.1, false, &|c: char| !c.is_whitespace());
        let loose = if value.contains('?') || value.chars().all(|c| c == '*') {
            like(value, tag.1, true, &|_| true)
        } else {
            like(value, tag.1, true, &|c: char| !matches!(c, ' ' | '\t'..='\r'))
        };
        agree(strict, loose)
    }))
}

fn pattern_matches(pattern: &str, arn: &str) -> Option<bool> {
    if cannot_be_an_arn(pattern) {
        return None;
    }
    if !pattern.is_empty() && pattern.chars().all(|c| c == '*') {
        return Some(true);
    }
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    let mut wide = pattern.to_owned();
    if fields.len() == 6 && fields[2] != "s3" {
        let or_star = |field: &str| {
            if field.is_empty() { "*".to_owned() } else { field.to_owned() }
        };
        wide =
            [fields[0], fields[1], fields[2], &or_star(fields[3]), &or_star(fields[4]), fields[5]].join(":");
    }
    let strict = like(pattern, arn, false, &|c: char| !c.is_whitespace());
    let loose = if wide != pattern || pattern.contains('?') {
        like(&wide, arn, true, &|_| true)
    } else {
        like(pattern, arn, true, &|c: char| !matches!(c, ' ' | '\t'..='\r'))
    };
    agree(strict, loose)
}

fn cannot_be_an_arn(pattern: &str) -> bool {
    if pattern.contains("${") || pattern.contains("$account") || pattern.contains("$region") {
        return true;
    }
    match pattern.find(['*', '?']) {
        Some(wild) => {
            let head = &pattern[..wild];
            !(head.starts_with("arn:") || "arn:".starts_with(head))
        }
        None => !pattern.starts_with("arn:") || pattern.splitn(6, ':').nth(5).is_none_or(str::is_empty),
    }
}

fn overrides_or_in(pattern: &str, arn: &str, opted_in: Option<bool>) -> Option<bool> {
    let arn: Vec<&str> = arn.splitn(6, ':').collect();
    let shared = arn.get(2) == Some(&"fsx")
        || (arn.get(2) == Some(&"rds") && arn.len() == 6 && arn[5].starts_with("cluster:"));
    if shared {
        return opted_in;
    }
    if cannot_be_an_arn(pattern) {
        return Some(true);
    }
    let wild = |text: &str| text.contains('*') || text.contains('?');
    let stars = |text: &str| !text.is_empty() && text.chars().all(|c| c == '*');
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    let names_type = if fields.len() == 6 {
        let resource = fields[5];
        let kind = resource.split(['/', ':']).next().unwrap();
        let has_separator = kind.len() < resource.len();
        let named = if !wild(resource) || fields[2] == "s3" || (has_separator && !wild(kind)) {
            Some(true)
        } else if stars(resource) {
            Some(false)
        } else {
            None
        };
        if named == Some(false) {
            named
        } else if wild(fields[2]) {
            None
        } else {
            named
        }
    } else if stars(fields[fields.len() - 1]) || !wild(pattern.trim_end_matches('*')) {
        Some(false)
    } else {
        None
    };
    either([names_type, opted_in])
}

/// Wildcard comparison by filling the whole table.
fn like(pattern: &str, text: &str, question_is_wild: bool, star_takes: &dyn Fn(char) -> bool) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let mut table = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    table[0][0] = true;
    for p in 1..=pattern.len() {
        for t in 0..=text.len() {
            table[p][t] = match pattern[p - 1] {
                '*' => table[p - 1][t] || (t > 0 && table[p][t - 1] && star_takes(text[t - 1])),
                '?' if question_is_wild => t > 0 && table[p - 1][t - 1],
                literal => t > 0 && table[p - 1][t - 1] && literal == text[t - 1],
            };
        }
    }
    table[pattern.len()][text.len()]
}
