//! Bounds on the text of a control, so that a custom one can neither hang nor blow up a run.
//!
//! Cedar parses and evaluates by recursion, so depth is bounded before Cedar sees the text.

use super::{ControlProblem, ControlSource};

/// The longest file of a control, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// The longest single policy, in bytes.
const MAX_POLICY_BYTES: usize = 8 << 10;
/// The most policies of a control.
const MAX_POLICIES: usize = 64;
/// The deepest nesting of brackets, in a policy or a schema.
const MAX_DEPTH: usize = 32;
/// The most operators of a policy; each may be a level of recursion.
const MAX_OPERATORS: usize = 256;
/// The most names of a path such as `resource.vault.lock.mode`: Cedar takes time that grows with its square and more.
const MAX_NAMES: usize = 16;

/// Refuses what is too long, too deep or too much.
pub(super) fn check(source: &ControlSource) -> Result<(), (&'static str, ControlProblem)> {
    for (name, text) in [
        ("control.cedarschema", &source.schema),
        ("control.cedar", &source.policies),
        ("README.md", &source.readme),
    ] {
        if text.len() > MAX_BYTES {
            let problem = refuse(format!("is {} bytes long; at most {MAX_BYTES} are read", text.len()));
            return problem.map_err(|problem| (name, problem));
        }
    }
    // In a schema `Set<…>` nests too.
    let schema = source.schema.replace('<', "(").replace('>', ")");
    scan(&schema, "the schema", usize::MAX, usize::MAX)
        .map_err(|problem| ("control.cedarschema", problem))?;
    let in_policies = |problem| ("control.cedar", problem);
    let policies =
        scan(&source.policies, "a policy", MAX_POLICY_BYTES, MAX_OPERATORS).map_err(in_policies)?;
    if policies > MAX_POLICIES {
        return refuse(format!("has {policies} policies; at most {MAX_POLICIES} are read"))
            .map_err(in_policies);
    }
    Ok(())
}

fn refuse<T>(message: String) -> Result<T, ControlProblem> {
    Err(ControlProblem::Other(message))
}

/// Walks text outside strings and comments; returns how many statements it has.
fn scan(text: &str, what: &str, max_bytes: usize, max_operators: usize) -> Result<usize, ControlProblem> {
    let (mut depth, mut operators, mut statements, mut start) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut names = 0_usize;
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        match character {
            '.' => names += 1,
            it if it.is_alphanumeric() || it.is_whitespace() || it == '_' => {}
            _ => names = 0,
        }
        if names > MAX_NAMES {
            return refuse(format!("{what} has a path of more than {MAX_NAMES} names"));
        }
        match character {
            '"' => {
                while let Some((_, character)) = rest.next() {
                    match character {
                        '\\' => {
                            rest.next();
                        }
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '/' if rest.peek().is_some_and(|(_, it)| *it == '/') => {
                while rest.next_if(|(_, it)| *it != '\n').is_some() {}
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ';' => {
                statements += 1;
                operators = 0;
                start = at;
            }
            '!' | '-' | '+' | '*' | '.' | '&' | '|' | '<' | '>' | '=' | ',' => operators += 1,
            // Words such as `if`, `in`, `has` and `like` are operators too; a word is counted at its end.
            letter if letter.is_alphabetic() => {
                while rest.next_if(|(_, it)| it.is_alphanumeric() || *it == '_').is_some() {}
                operators += 1;
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return refuse(format!("{what} nests brackets deeper than {MAX_DEPTH}"));
        }
        // Names and both characters of `&&` count too, hence four to an operator.
        if operators > max_operators.saturating_mul(4) {
            return refuse(format!("{what} has more than {max_operators} operators"));
        }
        if at - start > max_bytes {
            return refuse(format!("{what} is longer than {max_bytes} bytes"));
        }
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_policies(policies: &str) -> String {
        let source = ControlSource { policies: policies.to_owned(), ..ControlSource::default() };
        check(&source).map_or_else(|(_, it)| it.to_string(), |()| "fits".to_owned())
    }

    #[test]
    fn schemas_are_bounded_too() {
        let schema = format!("{}Long{}", "Set<".repeat(40), ">".repeat(40));
        let source = ControlSource { schema, ..ControlSource::default() };
        assert_eq!(check(&source).unwrap_err().0, "control.cedarschema");
    }

    #[test]
    fn what_could_blow_up_a_run_is_refused_before_cedar_sees_it() {
        let policy = |body: &str| format!("forbid(principal, action, resource) when {{ {body} }};");
        for (policies, expected) in [
            (policy("true"), "fits"),
            (policy(r#"resource.name == "((((((((((((((((((((((((((((((((((((((((((((((""#), "fits"),
            (
                policy(&format!("{}true{}", "(".repeat(40), ")".repeat(40))),
                "a policy nests brackets deeper than 32",
            ),
            (policy(&vec!["true"; 1000].join(" || ")), "a policy has more than 256 operators"),
            (policy(&format!("{}true", "!".repeat(2000))), "a policy has more than 256 operators"),
            (policy(&format!("resource{}", ".a".repeat(16))), "fits"),
            (policy(&format!("resource{}", ".a".repeat(17))), "a policy has a path of more than 16 names"),
            (
                policy(&format!("resource has a{}", ".a".repeat(400))),
                "a policy has a path of more than 16 names",
            ),
            (policy(&format!("\"{}\" == \"\"", "x".repeat(9000))), "a policy is longer than 8192 bytes"),
            (policy("true").repeat(65), "has 65 policies; at most 64 are read"),
            ("x".repeat(300 << 10), "is 307200 bytes long; at most 262144 are read"),
        ] {
            assert_eq!(check_policies(&policies), expected);
        }
    }
}
