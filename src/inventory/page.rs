//! One response, read as a stream: a list of a million items is never in memory as text.
//!
//! An item that does not fit its shape is mended by leaving out what does not fit, and said so;
//! the other items of the page are not lost.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::once::members;
use super::operation::Operation;
use super::record::{Record, Recorded};

/// What a response held beside its items.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    /// The token of the next page.
    pub(super) next: Option<String>,
    /// Whether the list was there at all.
    pub(super) has_list: bool,
    /// Items and members that could not be read: the field's path and why.
    pub(super) lost: Vec<(String, String)>,
    /// Whether an item is missing altogether because it could not be named.
    pub(super) incomplete: bool,
    /// A digest of the items' keys, whatever their order.
    pub(super) members: u64,
}

/// Reads a response, handing each item on as it is read.
pub(super) fn read_page<'de, D: Deserializer<'de>, T: Record>(
    response: D,
    operation: &'static Operation,
    file: u32,
    sink: &mut dyn FnMut(Recorded<T>),
) -> Result<Page, D::Error> {
    response.deserialize_map(PageVisitor { operation, file, sink, page: Page::default(), item: PhantomData })
}

/// Why a response is not the page it should be, if it is not: its syntax, its list, its token. Reads no item.
pub fn check_page(response: &str, operation: &'static Operation) -> Result<(), String> {
    struct Outline(&'static Operation);
    impl<'de> Visitor<'de> for Outline {
        type Value = Result<(), String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a response: a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let Self(operation) = self;
            let (mut lists, mut tokens, mut is_list) = (0, 0, false);
            while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                let value = map.next_value::<&RawValue>()?;
                lists += usize::from(operation.list == Some(&key));
                tokens += usize::from(key == operation.token.1);
                is_list |= operation.list == Some(&key) && value.get().starts_with('[');
            }
            Ok(match operation.list {
                Some(list) if lists > 1 => Err(format!("`{list}` occurs twice")),
                Some(list) if !is_list => Err(format!("the response has no `{list}`")),
                _ if tokens > 1 => Err(format!("`{}` occurs twice", operation.token.1)),
                _ => Ok(()),
            })
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(response);
    let checked = deserializer.deserialize_map(Outline(operation));
    match checked.and_then(|it| deserializer.end().map(|()| it)) {
        Ok(checked) => checked,
        Err(error) => Err(format!("the response could not be read: {error}")),
    }
}

/// Reads a response of which every item is sound and named, quicker than [`read_page`], which says what is wrong with any
/// other: here that is only an error.
pub(super) struct SoundPage<'a, T> {
    pub(super) operation: &'static Operation,
    pub(super) file: u32,
    pub(super) records: &'a mut Vec<Recorded<T>>,
}

impl<'de, T: Record> DeserializeSeed<'de> for SoundPage<'_, T> {
    type Value = Page;

    fn deserialize<D: Deserializer<'de>>(self, response: D) -> Result<Page, D::Error> {
        response.deserialize_map(self)
    }
}

impl<'de, T: Record> Visitor<'de> for SoundPage<'_, T> {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a response: a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Page, A::Error> {
        let (mut page, mut has_token) = (Page::default(), false);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            let again = if Some(&*key) == self.operation.list {
                map.next_value_seed(SoundItems(&mut self, &mut page))?;
                std::mem::replace(&mut page.has_list, true)
            } else if key == self.operation.token.1 {
                page.next = map.next_value::<Option<String>>()?.filter(|it| !it.is_empty());
                std::mem::replace(&mut has_token, true)
            } else {
                map.next_value::<IgnoredAny>()?;
                false
            };
            if again {
                return Err(A::Error::custom("occurs twice"));
            }
        }
        Ok(page)
    }
}

struct SoundItems<'a, 'b, T>(&'a mut SoundPage<'b, T>, &'a mut Page);

impl<'de, T: Record> DeserializeSeed<'de> for SoundItems<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_seq(self)
    }
}

impl<'de, T: Record> Visitor<'de> for SoundItems<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(SoundPage { file, records, .. }, page) = self;
        while let Some(value) = items.next_element::<T>()? {
            let value = named(value).map_err(A::Error::custom)?;
            page.members = page.members.wrapping_add(digest(value.key()));
            records.push(Recorded::whole(value, *file));
        }
        Ok(())
    }
}

struct PageVisitor<'a, T> {
    operation: &'static Operation,
    file: u32,
    sink: &'a mut dyn FnMut(Recorded<T>),
    page: Page,
    item: PhantomData<T>,
}

impl<'de, T: Record> Visitor<'de> for PageVisitor<'_, T> {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a response: a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Page, A::Error> {
        let list = self.operation.list.unwrap_or_default();
        let mut has_token = false;
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == list {
                if self.page.has_list {
                    return Err(A::Error::custom(format!("`{list}` occurs twice")));
                }
                map.next_value_seed(Items(&mut self))?;
            } else if key == self.operation.token.1 {
                if has_token {
                    return Err(A::Error::custom(format!("`{key}` occurs twice")));
                }
                has_token = true;
                self.page.next = map.next_value::<Option<String>>()?.filter(|it| !it.is_empty());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(self.page)
    }
}

struct Items<'a, 'b, T>(&'a mut PageVisitor<'b, T>);

impl<'de, T: Record> DeserializeSeed<'de> for Items<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_any(self)
    }
}

impl<'de, T: Record> Visitor<'de> for Items<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: a list", self.0.operation.list.unwrap_or_default())
    }

    // A list that is null does not say that it is empty.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(PageVisitor { operation, file, sink, page, .. }) = self;
        page.has_list = true;
        let list = operation.list.unwrap_or_default();
        let mut index = 0;
        while let Some(raw) = items.next_element::<Box<RawValue>>()? {
            match read_item::<T>(raw.get(), *file) {
                Ok((record, lost)) => {
                    page.members = page.members.wrapping_add(digest(record.value.key()));
                    sink(record);
                    let named = |(field, why)| (format!("{list}[{index}].{field}"), why);
                    page.lost.extend(lost.into_iter().map(named));
                }
                Err(why) => {
                    page.incomplete = true;
                    page.lost.push((format!("{list}[{index}]"), why));
                }
            }
            index += 1;
        }
        Ok(())
    }
}

/// A digest of a record's key.
pub(super) fn digest(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// A field's path, and why it could not be read.
type Lost = (String, String);

/// Reads one item. What does not fit is left out and named; an item that cannot be named is an error.
pub(super) fn read_item<T: Record>(text: &str, file: u32) -> Result<(Recorded<T>, Vec<Lost>), String> {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        return named(value).map(|value| (Recorded::whole(value, file), Vec::new()));
    }
    mend_item(text, file)
}

fn named<T: Record>(value: T) -> Result<T, String> {
    match T::IDENTITY {
        [member, ..] if value.key().is_empty() => Err(format!("has no `{member}`, so it cannot be named")),
        _ => Ok(value),
    }
}

fn mend_item<T: Record>(text: &str, file: u32) -> Result<(Recorded<T>, Vec<Lost>), String> {
    let (mut members, mut lost) = members(text).map_err(|_| "is not a JSON object".to_owned())?;
    loop {
        match serde_path_to_error::deserialize(Value::Object(members.clone())) {
            Ok(value) => {
                let mut record = Recorded::whole(named::<T>(value)?, file);
                for (field, why) in &lost {
                    record.mark_unreadable(top_level(field), why.clone());
                }
                return Ok((record, lost));
            }
            Err(error) => {
                let field = error.path().to_string();
                let why = plain(error.inner());
                if members.shift_remove(top_level(&field)).is_none() {
                    return Err(why);
                }
                lost.push((field, why));
            }
        }
    }
}

fn top_level(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// The reader's own words, without the position inside a fragment that nobody can look up.
pub(super) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string().replace("expected i64", "expected a whole number");
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_from_what_is_none() {
        let vaults = Operation::named("backup.list-backup-vaults").unwrap();
        let plan = Operation::named("backup.get-backup-plan").unwrap();
        for (operation, response, expected) in [
            (vaults, r#"{"BackupVaultList":[],"NextToken":"x"}"#, ""),
            (vaults, r#"{"BackupVaultList":null}"#, "the response has no `BackupVaultList`"),
            (vaults, r#"{"x":"BackupVaultList"}"#, "the response has no `BackupVaultList`"),
            (vaults, r#"{"BackupVaultList":[],"BackupVaultList":[]}"#, "`BackupVaultList` occurs twice"),
            (vaults, r#"{"BackupVaultList":[],"NextToken":"x","NextToken":"y"}"#, "`NextToken` occurs twice"),
            (plan, r#"{"BackupPlan":{}}"#, ""),
        ] {
            assert_eq!(check_page(response, operation).err().unwrap_or_default(), expected, "{response}");
        }
        for response in ["", "[]", "{}x", r#"{"a":"\q"}"#, r#"{"a":01}"#, r#"{"a":"#] {
            assert!(check_page(response, plan).is_err(), "{response}");
        }
    }
    use crate::inventory::record::RecoveryPoint;

    fn check(response: &str) -> String {
        let operation = Operation::named("backup.list-recovery-points-by-backup-vault").unwrap();
        let mut items = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(response);
        let read = read_page::<_, RecoveryPoint>(&mut deserializer, operation, 0, &mut |item| {
            items.push(item.value.recovery_point_arn.to_string());
        });
        match read {
            Ok(page) => format!(
                "{} next={:?} list={} lost={:?} incomplete={}",
                items.join(","),
                page.next,
                page.has_list,
                page.lost,
                page.incomplete
            ),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn pages_lose_no_more_than_what_is_broken() {
        for (response, expected) in [
            (r#"{"RecoveryPoints":[]}"#, " next=None list=true lost=[] incomplete=false"),
            (r#"{"RecoveryPoints":null,"NextToken":null}"#, " next=None list=false lost=[] incomplete=false"),
            (r#"{"status_code":200,"data":{}}"#, " next=None list=false lost=[] incomplete=false"),
            (
                r#"{"NextToken":"t","RecoveryPoints":[{"RecoveryPointArn":"a"},{"RecoveryPointArn":"b","New":[{}]}]}"#,
                "a,b next=Some(\"t\") list=true lost=[] incomplete=false",
            ),
            (
                r#"{"RecoveryPoints":[{"RecoveryPointArn":"a","IsEncrypted":"yes","CreationDate":"soon"},{"RecoveryPointArn":"b"}]}"#,
                "a,b next=None list=true lost=[(\"RecoveryPoints[0].IsEncrypted\", \"invalid type: string \\\"yes\\\", expected a boolean\"), \
                 (\"RecoveryPoints[0].CreationDate\", \"`soon` is not a time; expected ISO 8601 such as `2026-03-01T06:00:00Z`, or epoch seconds, between 1970 and 2200\")] incomplete=false",
            ),
            (
                r#"{"RecoveryPoints":[{"RecoveryPointArn":"a","Lifecycle":{"DeleteAfterDays":"35"}}]}"#,
                "a next=None list=true lost=[(\"RecoveryPoints[0].Lifecycle.DeleteAfterDays\", \"invalid type: string \\\"35\\\", expected a whole number\")] incomplete=false",
            ),
            (
                r#"{"RecoveryPoints":[{"RecoveryPointArn":"a","IsEncrypted":true,"IsEncrypted":false}]}"#,
                "a next=None list=true lost=[(\"RecoveryPoints[0].IsEncrypted\", \"occurs twice, so neither counts\")] incomplete=false",
            ),
            (
                r#"{"RecoveryPoints":[{"IsEncrypted":true},7,{"RecoveryPointArn":5},{"RecoveryPointArn":"d"}]}"#,
                "d next=None list=true lost=[(\"RecoveryPoints[0]\", \"has no `RecoveryPointArn`, so it cannot be named\"), \
                 (\"RecoveryPoints[1]\", \"is not a JSON object\"), \
                 (\"RecoveryPoints[2]\", \"has no `RecoveryPointArn`, so it cannot be named\")] incomplete=true",
            ),
            (
                r#"{"RecoveryPoints":"all"}"#,
                "error: invalid type: string \"all\", expected `RecoveryPoints`: a list at line 1 column 23",
            ),
            (r#"[]"#, "error: invalid type: sequence, expected a response: a JSON object at line 1 column 0"),
            (
                r#"{"RecoveryPoints":[{"RecoveryPointArn":"a"},"#,
                "error: EOF while parsing a value at line 1 column 44",
            ),
        ] {
            assert_eq!(check(response), expected, "{response}");
        }
    }
}
