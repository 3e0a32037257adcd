//! JSON in which no object names a member twice: which of the two would count, every parser decides for itself.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// A value; reading it fails where an object, however deep, names a member twice.
#[derive(Debug, Default)]
pub(super) struct Once(pub(super) Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if found.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` occurs twice")));
            }
            found.insert(name, value);
        }
        Ok(Value::Object(found))
    }
}

/// The members of an object that count, and the others with why they do not.
type Members = (Map<String, Value>, Vec<(String, String)>);

/// The members of an object, and those of which nothing counts because they, or something in them, occur twice.
pub(super) fn members(text: &str) -> Result<Members, serde_json::Error> {
    struct MembersVisitor;
    impl<'de> Visitor<'de> for MembersVisitor {
        type Value = Members;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let (mut found, mut lost) = (Map::new(), Vec::<(String, String)>::new());
            while let Some((name, raw)) = members.next_entry::<String, &RawValue>()? {
                let again = found.shift_remove(&name).is_some();
                if again || lost.iter().any(|(it, _)| *it == name) {
                    lost.retain(|(it, _)| *it != name);
                    lost.push((name, "occurs twice, so neither counts".to_owned()));
                    continue;
                }
                match serde_json::from_str::<Once>(raw.get()) {
                    Ok(Once(value)) => _ = found.insert(name, value),
                    Err(error) => lost.push((name, super::page::plain(&error))),
                }
            }
            Ok((found, lost))
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(MembersVisitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_occurs_twice_does_not_count() {
        for (text, expected) in [
            (r#"{"a":1,"b":[{"c":null}]}"#, r#"{"a":1,"b":[{"c":null}]} []"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2} [("a", "occurs twice, so neither counts")]"#),
            (r#"{"a":1,"a":2,"a":3}"#, r#"{} [("a", "occurs twice, so neither counts")]"#),
            (r#"{"a":{"x":1,"x":1},"b":2}"#, r#"{"b":2} [("a", "`x` occurs twice")]"#),
            (r#"{"a":[{"x":1,"x":2}],"a":0}"#, r#"{} [("a", "occurs twice, so neither counts")]"#),
        ] {
            let (members, lost) = members(text).unwrap();
            assert_eq!(format!("{} {lost:?}", Value::Object(members)), expected, "{text}");
        }
        assert!(members("[]").is_err());
        assert!(serde_json::from_str::<Once>(r#"[{"a":{"b":1,"b":1}}]"#).is_err());
    }
}
