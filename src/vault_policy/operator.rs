//! Condition operators by name ("IAM JSON policy elements: Condition operators").
//! A name that is not documented yields nothing; the caller must treat its condition as undecidable.

/// How two numbers or times are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `…Equals`
    Equal,
    /// `…LessThan`
    Less,
    /// `…LessThanEquals`
    LessOrEqual,
    /// `…GreaterThan`
    Greater,
    /// `…GreaterThanEquals`
    GreaterOrEqual,
}

/// What an operator compares, negation aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `StringEquals`
    Text,
    /// `StringEqualsIgnoreCase`
    TextAnyCase,
    /// `StringLike`
    TextLike,
    /// `ArnEquals` and `ArnLike`, which behave identically
    Arn,
    /// `Bool`
    Bool,
    /// `BinaryEquals`
    Binary,
    /// `IpAddress`
    Address,
    /// `Numeric…`
    Number(Order),
    /// `Date…`
    Date(Order),
    /// `Null`
    Null,
}

/// `ForAnyValue:` or `ForAllValues:` before an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOperator {
    /// At least one value of the request.
    ForAnyValue,
    /// Every value of the request, also when there is none.
    ForAllValues,
}

/// An operator, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    /// The set operator before it.
    pub(super) set: Option<SetOperator>,
    /// What is compared.
    pub(super) comparison: Comparison,
    /// Whether the comparison must fail for every value.
    pub(super) negated: bool,
    /// Whether it holds when the key is missing.
    pub(super) if_exists: bool,
}

impl Operator {
    /// The operator of this name, in the documented spelling.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(SetOperator::ForAnyValue), rest),
            Some(("ForAllValues", rest)) => (Some(SetOperator::ForAllValues), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (comparison, negated) = base_operator(base)?;
        if comparison == Comparison::Null && (if_exists || set.is_some()) {
            return None;
        }
        Some(Self { set, comparison, negated, if_exists })
    }

    /// Whether `*` and `?` are wildcards in its values.
    pub(super) fn takes_wildcards(self) -> bool {
        matches!(self.comparison, Comparison::TextLike | Comparison::Arn)
    }
}

fn base_operator(base: &str) -> Option<(Comparison, bool)> {
    Some(match base {
        "StringEquals" => (Comparison::Text, false),
        "StringNotEquals" => (Comparison::Text, true),
        "StringEqualsIgnoreCase" => (Comparison::TextAnyCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::TextAnyCase, true),
        "StringLike" => (Comparison::TextLike, false),
        "StringNotLike" => (Comparison::TextLike, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::Address, false),
        "NotIpAddress" => (Comparison::Address, true),
        "Null" => (Comparison::Null, false),
        _ => return ordered_operator(base),
    })
}

fn ordered_operator(base: &str) -> Option<(Comparison, bool)> {
    let (order, is_date) = match (base.strip_prefix("Numeric"), base.strip_prefix("Date")) {
        (Some(order), _) => (order, false),
        (_, Some(order)) => (order, true),
        _ => return None,
    };
    let (order, negated) = match order {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessOrEqual, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterOrEqual, false),
        _ => return None,
    };
    Some((if is_date { Comparison::Date(order) } else { Comparison::Number(order) }, negated))
}
