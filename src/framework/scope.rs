//! `ControlScope`: which resources of a control's types are judged.

use std::collections::BTreeSet;

use crate::facts::Thing;
use crate::model::ResourceType;

/// A scope; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// CloudFormation names of the types that are judged; empty means all of the control's.
    pub types: BTreeSet<String>,
    /// As they were written, for reports.
    pub written_types: Vec<String>,
    /// Ids, names or ARNs that are judged; empty means all.
    pub ids: Vec<String>,
    /// The tag that is judged: a key, and a value unless any will do.
    pub tag: Option<(String, String)>,
}

/// Whether a thing is in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InScope {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Its tags would decide, and could not be learned.
    TagsUnknown,
}

impl Scope {
    /// Whether a type can be in scope.
    pub fn has_type(&self, type_name: &str) -> bool {
        self.types.is_empty() || self.types.contains(type_name)
    }

    /// Whether a thing is in scope.
    pub fn has(&self, thing: &Thing) -> InScope {
        if !self.has_type(&thing.uid.type_name) {
            return InScope::No;
        }
        if !self.has_id(thing) {
            // Some things are named by a tag.
            return if thing.tags.is_none() { InScope::TagsUnknown } else { InScope::No };
        }
        match (&self.tag, &thing.tags) {
            (None, _) => InScope::Yes,
            (Some(_), None) => InScope::TagsUnknown,
            // A key with an empty value means any value (API_ControlScope, Tags).
            (Some((key, value)), Some(tags)) => match tags.get(key) {
                Some(found) if value.is_empty() || found == value => InScope::Yes,
                _ => InScope::No,
            },
        }
    }

    fn has_id(&self, thing: &Thing) -> bool {
        let id = &*thing.uid.id;
        let matches = |wanted: &String| {
            let tail = id.strip_suffix(wanted.as_str());
            wanted == id || thing.name() == wanted || tail.is_some_and(|it| it.ends_with(['/', ':']))
        };
        self.ids.is_empty() || self.ids.iter().any(matches)
    }

    /// The scope as AWS's control compliance report prints it; empty for everything.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        if !self.written_types.is_empty() {
            text.push_str(&format!("ComplianceResourceTypes: [{}],", self.written_types.join(", ")));
        }
        if !self.ids.is_empty() {
            text.push_str(&format!("ComplianceResourceIds: [{}],", self.ids.join(", ")));
        }
        if let Some((key, value)) = &self.tag {
            text.push_str(&format!("Tags: {{{key}: {value}}},"));
        }
        if text.is_empty() { text } else { format!("{{{text}}}") }
    }
}

/// The CloudFormation names that a scope's type stands for: a short name of AWS Backup's, or such a name itself.
pub(super) fn types_named(name: &str) -> Vec<String> {
    let short = ResourceType::from_short_name(name);
    if short.is_empty() {
        vec![name.to_owned()]
    } else {
        short.into_iter().map(|it| it.cloudformation().to_owned()).collect()
    }
}
