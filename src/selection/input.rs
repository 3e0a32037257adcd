//! The `BackupSelection` object as AWS spells it in JSON, before anything is made of it.
//!
//! Reads what `GetBackupSelection` answers and, because templates hold it too, the IAM-like map form of
//! `Conditions`, which is kept apart so that it can be reported instead of guessed at.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The parts of a `BackupSelection` that decide what it covers (AWS Backup API, `API_BackupSelection`).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BackupSelection {
    /// Its name. Required, so that an object that is no selection is not read as one that chooses everything.
    pub selection_name: String,
    /// ARNs and ARN patterns of which any may match.
    #[serde(default, deserialize_with = "list_or_null")]
    pub resources: Vec<String>,
    /// ARNs and ARN patterns that exclude what they match.
    #[serde(default, deserialize_with = "list_or_null")]
    pub not_resources: Vec<String>,
    /// Tag pairs of which any may match.
    #[serde(default, deserialize_with = "list_or_null")]
    pub list_of_tags: Vec<TagCondition>,
    /// Tag conditions that must all hold.
    #[serde(default, deserialize_with = "conditions_or_null")]
    pub conditions: Vec<OperatorConditions>,
}

/// One entry of `ListOfTags` (AWS Backup API, `API_Condition`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagCondition {
    /// `STRINGEQUALS`, which AWS also writes `StringEquals`.
    pub condition_type: String,
    /// The tag key, with or without `aws:ResourceTag/` before it.
    pub condition_key: String,
    /// The tag value, compared character by character.
    pub condition_value: String,
}

/// All conditions of one operator in `Conditions` (AWS Backup API, `API_Conditions`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorConditions {
    /// The operator as written, for example `StringEquals`.
    pub operator: String,
    /// The conditions under it.
    pub form: ConditionForm,
}

/// The two shapes in which conditions are found in the wild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionForm {
    /// A list of `{ConditionKey, ConditionValue}`, the only form the API accepts.
    List(Vec<ConditionParameter>),
    /// An object, as in an IAM policy; the API refuses it, so it only occurs in templates.
    Map,
}

/// One condition (AWS Backup API, `API_ConditionParameter`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConditionParameter {
    /// `aws:ResourceTag/` and the tag key, or the bare tag key.
    pub condition_key: String,
    /// The tag value, in which `*` is a wildcard for the two `Like` operators.
    pub condition_value: String,
}

fn list_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn conditions_or_null<'de, D>(deserializer: D) -> Result<Vec<OperatorConditions>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Operators;

    impl<'de> Visitor<'de> for Operators {
        type Value = Vec<OperatorConditions>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of condition operators")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut operators = Vec::new();
            while let Some((operator, form)) = entries.next_entry()? {
                operators.push(OperatorConditions { operator, form });
            }
            Ok(operators)
        }
    }

    deserializer.deserialize_any(Operators)
}

impl<'de> Deserialize<'de> for ConditionForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = ConditionForm;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of `{ConditionKey, ConditionValue}`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(ConditionForm::List(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(ConditionForm::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut empty = true;
                while entries.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {
                    empty = false;
                }
                Ok(if empty { ConditionForm::List(Vec::new()) } else { ConditionForm::Map })
            }
        }

        deserializer.deserialize_any(Form)
    }
}
