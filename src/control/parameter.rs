//! A control's parameters: what AWS passes as strings, parsed by the schema's type and held to its bounds.

use std::collections::BTreeMap;

use crate::facts::Fact;
use crate::model::{AccountId, Arn, Region};
use crate::vocabulary::{Attribute, Type};

/// A parameter of a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, as AWS spells it.
    pub name: String,
    /// What it means and its unit.
    pub doc: String,
    /// Its value where none is given, as AWS would pass it.
    pub default: Option<String>,
    /// Whether it must have a value.
    pub required: bool,
    value: Type,
    allowed: Vec<String>,
    min: Vec<Bound>,
    max: Vec<Bound>,
    each: Option<Each>,
    max_items: Option<usize>,
}

/// A bound, always or when another parameter has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    limit: i64,
    when: Option<(String, String)>,
}

/// What each item of a list must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Each {
    AccountId,
    Region,
    RoleArn,
}

/// A value that a parameter does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{parameter}`: {message}")]
pub struct ParameterError {
    /// The parameter.
    pub parameter: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Parameter {
    /// Reads a parameter from its declaration; its own default must fit its bounds.
    pub(super) fn parse(name: &str, attribute: &Attribute) -> Result<Self, String> {
        let annotation = |it: &str| attribute.annotations.get(it).map(String::as_str);
        let list = |it: &str| it.split(',').map(|it| it.trim().to_owned()).collect();
        let wrong = |message: String| format!("parameter `{name}`: {message}");
        if !matches!(attribute.value, Type::Long | Type::Bool | Type::String | Type::Set(_)) {
            return Err(wrong(format!(
                "is {}; AWS passes Long, Bool, String or Set<String>",
                attribute.value.name()
            )));
        }
        let each = match annotation("each") {
            None => None,
            Some("account-id") => Some(Each::AccountId),
            Some("region") => Some(Each::Region),
            Some("role-arn") => Some(Each::RoleArn),
            Some(other) => {
                return Err(wrong(format!("`@each` is `{other}`; allowed are account-id, region, role-arn")));
            }
        };
        let max_items = annotation("maxItems").map(str::parse).transpose();
        let parameter = Self {
            name: name.to_owned(),
            doc: annotation("doc").unwrap_or_default().to_owned(),
            default: annotation("default").map(str::to_owned),
            required: attribute.required,
            value: attribute.value.clone(),
            allowed: annotation("allowed").map_or_else(Vec::new, list),
            min: bounds(annotation("min")).map_err(wrong)?,
            max: bounds(annotation("max")).map_err(wrong)?,
            each,
            max_items: max_items.map_err(|_| wrong("`@maxItems` is not a number".to_owned()))?,
        };
        if let Some(default) = &parameter.default {
            parameter.value_of(default).map_err(|it| it.to_string())?;
        }
        Ok(parameter)
    }

    /// The value that a string of AWS's stands for, without the bounds that hang on other parameters.
    pub fn value_of(&self, text: &str) -> Result<Fact, ParameterError> {
        let text = text.trim();
        match &self.value {
            Type::Long => match text.parse::<i64>() {
                Ok(number) => Ok(Fact::Long(number)),
                Err(_) => Err(self.wrong(format!("`{text}` is not a whole number; {}", self.taken()))),
            },
            Type::Bool => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Fact::Bool(true)),
                "false" => Ok(Fact::Bool(false)),
                _ => Err(self.wrong(format!("`{text}` is neither true nor false"))),
            },
            Type::Set(_) => {
                let items: Vec<&str> = text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
                for item in &items {
                    self.check_item(item)?;
                }
                match self.max_items {
                    Some(most) if items.len() > most => {
                        Err(self.wrong(format!("has {} items; at most {most} are allowed", items.len())))
                    }
                    _ => Ok(Fact::Set(items.into_iter().map(Fact::from).collect())),
                }
            }
            _ if self.allowed.is_empty() || self.allowed.iter().any(|it| it == text) => Ok(text.into()),
            _ => Err(self.wrong(format!("`{text}` is not allowed; {}", self.taken()))),
        }
    }

    fn check_item(&self, item: &str) -> Result<(), ParameterError> {
        let problem = match self.each {
            Some(Each::AccountId) => item.parse::<AccountId>().err().map(|it| it.to_string()),
            Some(Each::Region) => match item.parse::<Region>() {
                Ok(region) if !region.is_global() => None,
                _ => Some(format!("`{item}` is not a Region; expected a code such as `eu-west-1`")),
            },
            Some(Each::RoleArn) => {
                let role = Arn::parse(item).is_some_and(|arn| {
                    arn.service == "iam"
                        && arn.resource.starts_with("role/")
                        && arn.account.parse::<AccountId>().is_ok()
                });
                (!role).then(|| {
                    format!("`{item}` is not the ARN of a role; expected such as `arn:aws:iam::111122223333:role/BreakGlass`")
                })
            }
            None => None,
        };
        problem.map_or(Ok(()), |message| Err(self.wrong(message)))
    }

    /// Holds a value to its bounds, given the values of all parameters.
    pub fn check_bounds(&self, values: &BTreeMap<String, Fact>) -> Result<(), ParameterError> {
        let Some(Fact::Long(number)) = values.get(&self.name) else {
            return Ok(());
        };
        let applies = |bound: &&Bound| match &bound.when {
            None => true,
            Some((parameter, value)) => {
                matches!(values.get(parameter), Some(Fact::String(it)) if **it == **value)
            }
        };
        let min = self.min.iter().find(applies).map(|it| it.limit);
        let max = self.max.iter().find(applies).map(|it| it.limit);
        let below = min.is_some_and(|it| *number < it);
        let above = max.is_some_and(|it| *number > it);
        if !below && !above {
            return Ok(());
        }
        let because = self.min.iter().chain(&self.max).filter(applies).find_map(|it| it.when.as_ref());
        let when = because.map_or_else(String::new, |(name, value)| format!(" when `{name}` is `{value}`"));
        let allowed = match (min, max) {
            (Some(min), Some(max)) => format!("allowed are {min} to {max}"),
            (Some(min), None) => format!("at least {min} is allowed"),
            (None, Some(max)) => format!("at most {max} is allowed"),
            (None, None) => String::new(),
        };
        Err(self.wrong(format!("`{number}` is out of bounds; {allowed}{when}")))
    }

    /// What values it takes, for people.
    pub fn taken(&self) -> String {
        let bound = |bounds: &[Bound]| match bounds {
            [] => None,
            bounds => Some(bounds.iter().map(Bound::shown).collect::<Vec<_>>().join(", ")),
        };
        let mut text = match (&self.value, self.allowed.as_slice()) {
            (_, allowed @ [_, ..]) => format!("allowed are {}", allowed.join(", ")),
            (Type::Long, _) => "a whole number".to_owned(),
            (Type::Bool, _) => "true or false".to_owned(),
            (Type::Set(_), _) => match self.each {
                Some(Each::AccountId) => "account ids, separated by commas".to_owned(),
                Some(Each::Region) => "Region codes, separated by commas".to_owned(),
                Some(Each::RoleArn) => "ARNs of roles, separated by commas".to_owned(),
                None => "a list, separated by commas".to_owned(),
            },
            _ => "text".to_owned(),
        };
        if let Some(most) = self.max_items {
            text.push_str(&format!(", at most {most}"));
        }
        if let Some(min) = bound(&self.min) {
            text.push_str(&format!(", at least {min}"));
        }
        if let Some(max) = bound(&self.max) {
            text.push_str(&format!(", at most {max}"));
        }
        text
    }

    fn wrong(&self, message: String) -> ParameterError {
        ParameterError { parameter: self.name.clone(), message }
    }
}

impl Bound {
    fn shown(&self) -> String {
        match &self.when {
            None => self.limit.to_string(),
            Some((parameter, value)) => format!("{} when {parameter} is {value}", self.limit),
        }
    }
}

/// Reads `N`, or `N when PARAMETER is VALUE; N when …`.
fn bounds(text: Option<&str>) -> Result<Vec<Bound>, String> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let read = |part: &str| {
        let (limit, when) = match part.split_once(" when ") {
            None => (part, None),
            Some((limit, when)) => {
                let (parameter, value) = when.split_once(" is ")?;
                (limit, Some((parameter.trim().to_owned(), value.trim().to_owned())))
            }
        };
        let limit = limit.trim().parse().ok()?;
        Some(Bound { limit, when })
    };
    text.split(';')
        .map(|part| {
            read(part).ok_or_else(|| format!("bound `{part}` is neither `N` nor `N when PARAMETER is VALUE`"))
        })
        .collect()
}
