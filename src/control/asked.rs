//! Policies as Cedar is asked them, read from what `controls/built-in.json` keeps of them.
//!
//! Kept is Cedar's JSON form. It is read into Cedar's syntax tree at once: Cedar's own reader reads every operand again at
//! each level it stands in, which takes ten times as long. What is not known here is refused, never left out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{Policy, pst};
use pst::{BinaryOp, EntityOrSlot, Expr, UnaryOp};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// A policy after its rewriting, without its name.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    effect: Effect,
    principal: Scope,
    resource: Scope,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Permit,
    Forbid,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    op: Operator,
    entity: Option<Entity>,
    entity_type: Option<TypeName>,
    #[serde(rename = "in")]
    holder: Option<Holder>,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
enum Operator {
    All,
    #[serde(rename = "==")]
    Same,
    #[serde(rename = "in")]
    Inside,
    #[serde(rename = "is")]
    Type,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    entity: Entity,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entity {
    #[serde(rename = "type")]
    type_name: TypeName,
    id: String,
}

impl From<Entity> for pst::EntityUID {
    fn from(entity: Entity) -> Self {
        Self { ty: entity.type_name.0, eid: entity.id.into() }
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    kind: Kind,
    body: Node,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    When,
    Unless,
}

impl Asked {
    /// The policy, under this id. It is about every action, for a control is asked about none but its own.
    pub(super) fn policy(self, id: &str) -> Result<Policy, String> {
        let effect = match self.effect {
            Effect::Permit => pst::Effect::Permit,
            Effect::Forbid => pst::Effect::Forbid,
        };
        let principal = match self.principal.constraint()? {
            Constraint::Any => pst::PrincipalConstraint::Any,
            Constraint::Eq(entity) => pst::PrincipalConstraint::Eq(entity),
            Constraint::In(holder) => pst::PrincipalConstraint::In(holder),
            Constraint::Is(kind) => pst::PrincipalConstraint::Is(kind),
            Constraint::IsIn(kind, holder) => pst::PrincipalConstraint::IsIn(kind, holder),
        };
        let resource = match self.resource.constraint()? {
            Constraint::Any => pst::ResourceConstraint::Any,
            Constraint::Eq(entity) => pst::ResourceConstraint::Eq(entity),
            Constraint::In(holder) => pst::ResourceConstraint::In(holder),
            Constraint::Is(kind) => pst::ResourceConstraint::Is(kind),
            Constraint::IsIn(kind, holder) => pst::ResourceConstraint::IsIn(kind, holder),
        };
        let clauses = self.conditions.into_iter().map(|it| match it.kind {
            Kind::When => pst::Clause::When(it.body.0),
            Kind::Unless => pst::Clause::Unless(it.body.0),
        });
        let template = pst::Template::new(id, effect, principal, pst::ActionConstraint::Any, resource);
        let template = template.try_with_clauses(clauses).map_err(|error| error.to_string())?;
        let policy = pst::StaticPolicy::try_from(template).map_err(|error| error.to_string())?;
        Policy::from_pst(pst::Policy::Static(policy)).map_err(|error| error.to_string())
    }
}

enum Constraint {
    Any,
    Eq(EntityOrSlot),
    In(EntityOrSlot),
    Is(pst::EntityType),
    IsIn(pst::EntityType, EntityOrSlot),
}

impl Scope {
    fn constraint(self) -> Result<Constraint, String> {
        let entity = |it: Entity| EntityOrSlot::Entity(it.into());
        Ok(match (self.op, self.entity, self.entity_type, self.holder) {
            (Operator::All, None, None, None) => Constraint::Any,
            (Operator::Same, Some(it), None, None) => Constraint::Eq(entity(it)),
            (Operator::Inside, Some(it), None, None) => Constraint::In(entity(it)),
            (Operator::Type, None, Some(kind), None) => Constraint::Is(kind.0),
            (Operator::Type, None, Some(kind), Some(it)) => Constraint::IsIn(kind.0, entity(it.entity)),
            _ => return Err("has a scope that is not known here".to_owned()),
        })
    }
}

/// The name of a type, as Cedar spells it.
#[derive(Debug)]
struct TypeName(pst::EntityType);

thread_local! {
    /// Names that Cedar has checked: there are few, each stands in many places, and Cedar takes long to check one.
    static TYPE_NAMES: RefCell<BTreeMap<String, pst::EntityType>> = const { RefCell::new(BTreeMap::new()) };
}

impl<'de> Deserialize<'de> for TypeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let known = TYPE_NAMES.with_borrow(|it| it.get(text).cloned());
        if let Some(known) = known {
            return Ok(Self(known));
        }
        let (namespace, name) = text.rsplit_once("::").unwrap_or(("", text));
        let namespace = namespace.split("::").filter(|it| !it.is_empty());
        let name = pst::Name::qualified(namespace, name).map_err(de::Error::custom)?;
        let checked = pst::EntityType::from_name(name);
        TYPE_NAMES.with_borrow_mut(|it| it.insert(text.to_owned(), checked.clone()));
        Ok(Self(checked))
    }
}

/// An expression.
#[derive(Debug)]
struct Node(Arc<Expr>);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NodeVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Literal {
    Bool(bool),
    Long(i64),
    String(String),
    Entity {
        #[serde(rename = "__entity")]
        entity: Entity,
    },
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Variable {
    Principal,
    Action,
    Resource,
    Context,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    arg: Node,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Two {
    left: Node,
    right: Node,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    left: Node,
    attr: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    left: Node,
    entity_type: TypeName,
    #[serde(rename = "in")]
    holder: Option<Node>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Like {
    left: Node,
    pattern: Vec<Piece>,
}

#[derive(serde::Deserialize)]
enum Piece {
    Wildcard,
    Literal(String),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    r#if: Node,
    then: Node,
    r#else: Node,
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression: an operator with its operands")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let operator: &str =
            map.next_key()?.ok_or_else(|| de::Error::custom("an expression has no operator"))?;
        let expression = match operator {
            "Value" => Expr::Literal(match map.next_value()? {
                Literal::Bool(it) => pst::Literal::Bool(it),
                Literal::Long(it) => pst::Literal::Long(it),
                Literal::String(it) => pst::Literal::String(it.into()),
                Literal::Entity { entity } => pst::Literal::EntityUID(entity.into()),
            }),
            "Var" => Expr::Var(match map.next_value()? {
                Variable::Principal => pst::Var::Principal,
                Variable::Action => pst::Var::Action,
                Variable::Resource => pst::Var::Resource,
                Variable::Context => pst::Var::Context,
            }),
            "." => {
                let Named { left, attr } = map.next_value()?;
                Expr::GetAttr { expr: left.0, attr: attr.into() }
            }
            "has" => {
                let Named { left, attr } = map.next_value()?;
                Expr::HasAttr { expr: left.0, attrs: pst::NonEmpty::new(attr.into()) }
            }
            "is" => {
                let Typed { left, entity_type, holder } = map.next_value()?;
                Expr::Is { expr: left.0, entity_type: entity_type.0, in_expr: holder.map(|it| it.0) }
            }
            "like" => {
                let Like { left, pattern } = map.next_value()?;
                let literal = |it: String| it.chars().map(pst::PatternElem::Char).collect();
                let pattern = pattern.into_iter().flat_map(|it| match it {
                    Piece::Wildcard => vec![pst::PatternElem::Wildcard],
                    Piece::Literal(text) => literal(text),
                });
                Expr::Like { expr: left.0, pattern: pattern.collect() }
            }
            "if-then-else" => {
                let Choice { r#if: cond, then, r#else: otherwise } = map.next_value()?;
                Expr::IfThenElse { cond: cond.0, then_expr: then.0, else_expr: otherwise.0 }
            }
            "Set" => {
                let items: Vec<Node> = map.next_value()?;
                Expr::Set(items.into_iter().map(|it| it.0).collect())
            }
            "Record" => {
                let fields: BTreeMap<String, Node> = map.next_value()?;
                Expr::Record(fields.into_iter().map(|(name, it)| (name, it.0)).collect())
            }
            other => match (unary(other), binary(other)) {
                (Some(op), _) => Expr::UnaryOp { op, expr: map.next_value::<One>()?.arg.0 },
                (None, Some(op)) => {
                    let Two { left, right } = map.next_value()?;
                    Expr::BinaryOp { op, left: left.0, right: right.0 }
                }
                (None, None) => {
                    return Err(de::Error::custom(format!("`{other}` is not known here")));
                }
            },
        };
        match map.next_key::<&str>()? {
            None => Ok(Node(Arc::new(expression))),
            Some(again) => {
                Err(de::Error::custom(format!("an expression has two operators, the other is `{again}`")))
            }
        }
    }
}

fn unary(operator: &str) -> Option<UnaryOp> {
    Some(match operator {
        "!" => UnaryOp::Not,
        "neg" => UnaryOp::Neg,
        "isEmpty" => UnaryOp::IsEmpty,
        _ => return None,
    })
}

fn binary(operator: &str) -> Option<BinaryOp> {
    Some(match operator {
        "==" => BinaryOp::Eq,
        "!=" => BinaryOp::NotEq,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEq,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEq,
        "&&" => BinaryOp::And,
        "||" => BinaryOp::Or,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "in" => BinaryOp::In,
        "contains" => BinaryOp::Contains,
        "containsAll" => BinaryOp::ContainsAll,
        "containsAny" => BinaryOp::ContainsAny,
        "hasTag" => BinaryOp::HasTag,
        "getTag" => BinaryOp::GetTag,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Policy, String> {
        let asked: Asked = serde_json::from_str(json).map_err(|error| error.to_string())?;
        asked.policy("id")
    }

    #[test]
    fn a_policy_is_the_one_that_cedar_reads() {
        for (scope, condition) in [
            ("principal, action, resource", "true"),
            ("principal == A::B::\"1\", action, resource in C::\"\\n\"", "false"),
            ("principal is A, action, resource is A::B in C::\"1\"", "1 + 2 - 3 * 4 == -5"),
            ("principal in C::\"1\", action, resource == A::\"2\"", "!(principal in resource)"),
            ("principal is A in C::\"1\", action, resource is B", "resource in [C::\"1\", A::B::\"2\"]"),
            ("principal, action, resource", "resource has a && resource.a == principal.b && -context.c < 1"),
            (
                "principal, action, resource",
                "resource.a <= 1 || resource.a > 2 || resource.a >= 3 || resource.a != 4",
            ),
            (
                "principal, action, resource",
                "resource.a like \"*b\\*c*é\" || resource is A::B || resource is A in C::\"1\"",
            ),
            ("principal, action, resource", "resource.hasTag(\"k\") && resource.getTag(context.k) == \"v\""),
            (
                "principal, action, resource",
                "[1, 2].contains(1) && context.s.containsAny([]) && context.s.containsAll([\"a\"])",
            ),
            (
                "principal, action, resource",
                "context.s.isEmpty() && action == A::\"1\" && {a: 1, \"b c\": \"d\"}.a == 1",
            ),
            ("principal, action, resource", "if resource has \"a b\" then resource[\"a b!\"] else true"),
        ] {
            let text = format!("forbid({scope}) when {{ {condition} }} unless {{ {condition} }};");
            let cedar = Policy::parse(Some(cedar_policy::PolicyId::new("id")), &text).unwrap();
            let mut json = cedar.to_json().unwrap();
            json.as_object_mut().unwrap().remove("action");
            json.as_object_mut().unwrap().remove("annotations");
            assert_eq!(read(&json.to_string()).as_ref(), Ok(&cedar), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let policy = |scope: &str, body: &str| {
            let all = r#"{"op":"All"}"#;
            let condition = format!(r#"{{"kind":"when","body":{body}}}"#);
            format!(
                r#"{{"effect":"permit","principal":{all},"resource":{scope},"conditions":[{condition}]}}"#
            )
        };
        for (scope, body, expected) in [
            (r#"{"op":"All"}"#, r#"{"Value":true}"#, "is read"),
            (r#"{"op":"All"}"#, r#"{"ip":[{"Value":"10.0.0.1"}]}"#, "`ip` is not known here"),
            (r#"{"op":"All"}"#, "{}", "an expression has no operator"),
            (r#"{"op":"All"}"#, r#"{"Value":true,"Var":"action"}"#, "two operators, the other is `Var`"),
            (r#"{"op":"All"}"#, r#"{"!":{"arg":{"Value":true},"more":1}}"#, "unknown field `more`"),
            (
                r#"{"op":"All"}"#,
                r#"{"has":{"left":{"Var":"resource"},"attr":["a","b"]}}"#,
                "expected a string",
            ),
            (r#"{"op":"==","slot":"?resource"}"#, r#"{"Value":true}"#, "unknown field `slot`"),
            (r#"{"op":"=="}"#, r#"{"Value":true}"#, "has a scope that is not known here"),
            (r#"{"op":"is","entity_type":"A b"}"#, r#"{"Value":true}"#, "unexpected token `b`"),
        ] {
            let found = read(&policy(scope, body)).map_or_else(|error| error, |_| "is read".to_owned());
            assert!(found.contains(expected), "{scope} {body}: {found}");
        }
    }
}
