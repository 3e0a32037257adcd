//! From JSON to statements: the grammar of the IAM policy language for a resource policy ("Grammar of the IAM JSON
//! policy language"). AWS refuses a policy with one broken statement as a whole, so every problem is collected.

use std::collections::{BTreeMap, BTreeSet};

use super::condition_key::canonical_key;
use super::json::Json;
use super::operator::Operator;
use super::pattern::Pattern;
use super::principal::Named;
use super::remark::Remark;
use super::remarks::remarks_on;
use super::request::shortened;
use super::statement::{
    Actions, Clause, Effect, Principals, Resources, Statement, StatementRef, VaultPolicy,
};
use super::template::Template;

type Member = (String, Json);

const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reads a policy; the error lists what AWS would refuse it for.
pub(super) fn read_policy(members: &[Member]) -> Result<VaultPolicy, Vec<String>> {
    let mut problems = Vec::new();
    check_names(members, &POLICY_ELEMENTS, "the policy", &mut problems);
    let variables = read_version(members, &mut problems);
    if let Some(id) = get(members, "Id")
        && !matches!(id, Json::String(_))
    {
        problems.push(format!("`Id` is {}; allowed is a string", id.kind()));
    }
    let statements: &[Json] = match get(members, "Statement") {
        None => {
            problems.push("the policy has no `Statement`".to_owned());
            &[]
        }
        Some(Json::List(list)) => list,
        Some(single) => std::slice::from_ref(single),
    };
    let mut read = Vec::new();
    let mut remarks: Vec<Remark> = Vec::new();
    for (name, json) in names_of(statements).into_iter().zip(statements) {
        let mut reader = Reader { name, variables, problems: &mut problems };
        if let Some(statement) = reader.statement(json) {
            remarks.extend(remarks_on(&statement, variables));
            read.push(statement);
        }
    }
    if problems.is_empty() { Ok(VaultPolicy { statements: read, remarks }) } else { Err(problems) }
}

/// The `Sid` where it tells the statement apart, else the position.
fn names_of(statements: &[Json]) -> Vec<StatementRef> {
    let sid = |json: &Json| match json {
        Json::Object(members) => match get(members, "Sid") {
            Some(Json::String(sid)) if !sid.is_empty() => Some(sid.clone()),
            _ => None,
        },
        _ => None,
    };
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for sid in statements.iter().filter_map(sid) {
        *uses.entry(sid).or_default() += 1;
    }
    let name = |(index, json)| match sid(json) {
        Some(sid) if uses.get(&sid) == Some(&1) => StatementRef::Sid(sid),
        _ => StatementRef::Index(index),
    };
    statements.iter().enumerate().map(name).collect()
}

/// Whether policy variables are variables.
fn read_version(members: &[Member], problems: &mut Vec<String>) -> bool {
    match get(members, "Version") {
        None => false,
        Some(Json::String(version)) if version == "2012-10-17" => true,
        Some(Json::String(version)) if version == "2008-10-17" => false,
        Some(other) => {
            let found = match other {
                Json::String(version) => format!("`{}`", shortened(version)),
                other => other.kind().to_owned(),
            };
            problems.push(format!("`Version` is {found}; allowed are `2012-10-17` and `2008-10-17`"));
            false
        }
    }
}

fn get<'a>(members: &'a [Member], name: &str) -> Option<&'a Json> {
    members.iter().find(|(member, _)| member == name).map(|(_, json)| json)
}

fn check_names(members: &[Member], allowed: &[&str], place: &str, problems: &mut Vec<String>) {
    for (name, _) in members {
        if !allowed.contains(&name.as_str()) {
            let list = allowed.join("`, `");
            problems
                .push(format!("{place} has the unknown element `{}`; allowed are `{list}`", shortened(name)));
        }
    }
    check_repeats(members, place, problems);
}

fn check_repeats(members: &[Member], place: &str, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (name, _) in members {
        if !seen.insert(name) {
            problems.push(format!("{place} has `{}` more than once", shortened(name)));
        }
    }
}

/// Reads one statement.
struct Reader<'a> {
    name: StatementRef,
    variables: bool,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, sentence: impl AsRef<str>) {
        self.problems.push(format!("{}: {}", self.name, sentence.as_ref()));
    }

    fn statement(&mut self, json: &Json) -> Option<Statement> {
        let Json::Object(members) = json else {
            self.problem(format!("it is {}; allowed is an object", json.kind()));
            return None;
        };
        check_names(members, &STATEMENT_ELEMENTS, &self.name.to_string(), self.problems);
        if let Some(sid) = get(members, "Sid")
            && !matches!(sid, Json::String(_))
        {
            self.problem(format!("`Sid` is {}; allowed is a string", sid.kind()));
        }
        let effect = self.effect(get(members, "Effect"));
        let principals = self.either(members, "Principal", "NotPrincipal");
        let actions = self.either(members, "Action", "NotAction");
        let resources = self.either(members, "Resource", "NotResource");
        if let (Some(Effect::Allow), Some((_, true, _))) = (effect, principals) {
            self.problem("`NotPrincipal` is allowed with `Deny` only");
        }
        let principals = principals.and_then(|element| self.principals(element));
        let actions = actions.and_then(|element| self.actions(element));
        let resources = resources.and_then(|element| self.resources(element));
        let clauses = get(members, "Condition").map_or_else(|| Some(Vec::new()), |json| self.condition(json));
        Some(Statement {
            name: self.name.clone(),
            effect: effect?,
            principals: principals?,
            actions: actions?,
            resources: resources?,
            clauses: clauses?,
        })
    }

    fn effect(&mut self, json: Option<&Json>) -> Option<Effect> {
        let found = match json {
            Some(Json::String(effect)) if effect == "Allow" => return Some(Effect::Allow),
            Some(Json::String(effect)) if effect == "Deny" => return Some(Effect::Deny),
            Some(Json::String(effect)) => format!("`{}`", shortened(effect)),
            Some(other) => other.kind().to_owned(),
            None => "missing".to_owned(),
        };
        self.problem(format!("`Effect` is {found}; allowed are `Allow` and `Deny`"));
        None
    }

    /// The one of two elements that must be there: its name, whether it is the second, and its value.
    fn either<'b>(
        &mut self,
        members: &'b [Member],
        plain: &'static str,
        except: &'static str,
    ) -> Option<(&'static str, bool, &'b Json)> {
        match (get(members, plain), get(members, except)) {
            (Some(json), None) => Some((plain, false, json)),
            (None, Some(json)) => Some((except, true, json)),
            (Some(_), Some(_)) => {
                self.problem(format!("it has both `{plain}` and `{except}`; allowed is one of them"));
                None
            }
            (None, None) => {
                self.problem(format!("it has neither `{plain}` nor `{except}`"));
                None
            }
        }
    }

    /// One string or a list of at least one.
    fn texts<'b>(&mut self, place: &str, json: &'b Json) -> Option<Vec<&'b str>> {
        let items = match json {
            Json::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        if items.is_empty() {
            self.problem(format!("{place} is an empty list"));
            return None;
        }
        let mut texts = Vec::new();
        for item in items {
            match item {
                Json::String(text) => texts.push(text.as_str()),
                other => self.problem(format!("{place} has {}; allowed are strings", other.kind())),
            }
        }
        (texts.len() == items.len()).then_some(texts)
    }

    fn principals(&mut self, (element, except, json): (&str, bool, &Json)) -> Option<Principals> {
        let kinds = match json {
            Json::String(text) if text == "*" => {
                return Some(Principals { except, members: vec![Named::everyone()] });
            }
            Json::Object(kinds) if !kinds.is_empty() => kinds,
            Json::String(text) => {
                self.problem(format!("`{element}` is `{}`; allowed are `*` and an object", shortened(text)));
                return None;
            }
            other => {
                let found = if matches!(other, Json::Object(_)) { "an empty object" } else { other.kind() };
                self.problem(format!(
                    "`{element}` is {found}; allowed are `*` and an object such as {{\"AWS\": \"…\"}}"
                ));
                return None;
            }
        };
        check_repeats(kinds, &format!("{}: `{element}`", self.name), self.problems);
        let before = self.problems.len();
        let mut members = Vec::new();
        for (kind, json) in kinds {
            for text in self.texts(&format!("`{element}`"), json).unwrap_or_default() {
                match Named::parse(kind, text) {
                    Ok(member) => members.push(member),
                    Err(reason) => self.problem(format!("in `{element}`, {reason}")),
                }
            }
        }
        (self.problems.len() == before).then_some(Principals { except, members })
    }

    fn actions(&mut self, (element, except, json): (&str, bool, &Json)) -> Option<Actions> {
        let mut members = Vec::new();
        let texts = self.texts(&format!("`{element}`"), json)?;
        for text in &texts {
            if is_action_pattern(text) {
                members.push(((*text).to_owned(), Pattern::glob_any_case(text)));
            } else {
                let text = shortened(text);
                self.problem(format!(
                    "in `{element}`, `{text}` is not an action; allowed are `*` and `service:Action`"
                ));
            }
        }
        (members.len() == texts.len()).then_some(Actions { except, members })
    }

    fn resources(&mut self, (element, except, json): (&str, bool, &Json)) -> Option<Resources> {
        let mut members = Vec::new();
        let texts = self.texts(&format!("`{element}`"), json)?;
        for text in &texts {
            let named_by_variable = self.variables && text.starts_with("${");
            let is_arn = text.starts_with("arn:") && text.split(':').count() >= 6;
            if *text == "*" || named_by_variable || is_arn {
                members.push(Template::parse(text, true, self.variables));
            } else {
                let text = shortened(text);
                self.problem(format!("in `{element}`, `{text}` is not a resource; allowed are `*` and ARNs"));
            }
        }
        (members.len() == texts.len()).then_some(Resources { except, members })
    }

    fn condition(&mut self, json: &Json) -> Option<Vec<Clause>> {
        let Json::Object(operators) = json else {
            self.problem(format!("`Condition` is {}; allowed is an object", json.kind()));
            return None;
        };
        let before = self.problems.len();
        check_repeats(operators, &format!("{}: `Condition`", self.name), self.problems);
        let mut clauses = Vec::new();
        for (operator, json) in operators {
            let Json::Object(keys) = json else {
                let operator = shortened(operator);
                self.problem(format!(
                    "`{operator}` is {}; allowed is an object of condition keys",
                    json.kind()
                ));
                continue;
            };
            check_repeats(keys, &format!("{}: `{}`", self.name, shortened(operator)), self.problems);
            for (key, json) in keys {
                let values = self.values(operator, key, json);
                clauses.push(self.clause(operator, key, &values));
            }
        }
        (self.problems.len() == before).then_some(clauses)
    }

    fn clause(&self, operator_name: &str, key: &str, values: &[String]) -> Clause {
        let operator = Operator::parse(operator_name);
        let wildcards = operator.is_some_and(Operator::takes_wildcards);
        Clause {
            operator,
            operator_name: operator_name.to_owned(),
            key: canonical_key(key),
            values: values.iter().map(|value| Template::parse(value, wildcards, self.variables)).collect(),
        }
    }

    /// Strings, numbers and booleans; an empty list is kept, since AWS may accept it.
    fn values(&mut self, operator: &str, key: &str, json: &Json) -> Vec<String> {
        let items = match json {
            Json::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut values = Vec::new();
        for item in items {
            match item {
                Json::String(text) | Json::Number(text) => values.push(text.clone()),
                Json::Bool(value) => values.push(value.to_string()),
                other => {
                    let (operator, key) = (shortened(operator), shortened(key));
                    let kind = other.kind();
                    self.problem(format!(
                        "`{operator}` `{key}` has {kind}; allowed are strings, numbers and booleans"
                    ));
                }
            }
        }
        values
    }
}

/// `*`, or a service without and a name with wildcards.
fn is_action_pattern(text: &str) -> bool {
    text == "*"
        || text.split_once(':').is_some_and(|(service, name)| {
            let in_service = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'*' || byte == b'?';
            !service.is_empty()
                && service.bytes().all(in_service)
                && !name.is_empty()
                && name.bytes().all(in_name)
        })
}
