//! XML that AWS sends: whole or not, and its elements.
//!
//! A document that was cut off, that declares a type or whose elements do not close is none.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde_json::{Value, json};

/// What comes of printing an element as JSON.
pub(super) type Printed = Result<Value, XmlError>;

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    #[error("the body is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    #[error("the body is not XML: {0}")]
    Xml(#[from] quick_xml::Error),
    #[error("the body is not XML: {0}")]
    Form(&'static str),
    #[error("the body is no answer to `{0}`")]
    Other(&'static str),
    #[error("`{0}` of the answer is not {1}")]
    Member(&'static str, &'static str),
}

/// Elements in elements, at most; AWS's own are a dozen deep.
const DEEPEST: usize = 64;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    elements: Vec<Element>,
}

impl Element {
    /// The root of a whole document: one that was cut off, or whose elements do not close, is none.
    pub(super) fn parse(body: &[u8]) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(std::str::from_utf8(body)?);
        reader.config_mut().expand_empty_elements = true;
        // The first stands for the document.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event()? {
                Event::Start(_) if open.len() > DEEPEST => return Err(XmlError::Form("it is too deep")),
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::End(_) => match (open.pop(), open.last_mut()) {
                    (Some(ended), Some(outer)) => outer.elements.push(ended),
                    _ => return Err(XmlError::Form("more ends than begins")),
                },
                Event::DocType(_) => return Err(XmlError::Form("it declares a type")),
                Event::Eof => break,
                said => {
                    if let Some(inner) = open.last_mut() {
                        inner.say(&said)?;
                    }
                }
            }
        }
        let [document] = open.as_mut_slice() else { return Err(XmlError::Form("it is cut off")) };
        match (document.elements.pop(), document.elements.is_empty(), document.text.trim()) {
            (Some(root), true, "") => Ok(root),
            _ => Err(XmlError::Form("it has not one root")),
        }
    }

    /// Adds text; comments and instructions say nothing.
    fn say(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Text(text) => self.text.push_str(text),
            Event::CData(text) => self.text.push_str(text),
            Event::GeneralRef(name) => match name.resolve_char_ref()? {
                Some(character) => self.text.push(character),
                None => {
                    let known = resolve_xml_entity(name);
                    self.text.push_str(known.ok_or(XmlError::Form("an entity is not XML's own"))?);
                }
            },
            _ => {}
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.elements.iter().find(|it| it.name == name)
    }

    /// A member that is text; null where it is left out.
    pub(super) fn text(&self, name: &'static str) -> Printed {
        match self.get(name) {
            Some(it) if !it.elements.is_empty() => Err(XmlError::Member(name, "text")),
            found => Ok(json!(found.map(|it| &it.text))),
        }
    }

    /// A member that is true or false; null where it is left out.
    pub(super) fn boolean(&self, name: &'static str) -> Printed {
        let told = self.text(name)?;
        match told.as_str().map(str::parse) {
            None => Ok(told),
            Some(Ok(told)) => Ok(Value::Bool(told)),
            Some(Err(_)) => Err(XmlError::Member(name, "true or false")),
        }
    }

    /// A member that is a list; null where it is left out, which is not the same as empty.
    pub(super) fn items(&self, name: &str, item: impl Fn(&Self) -> Printed) -> Printed {
        let Some(list) = self.get(name) else { return Ok(Value::Null) };
        list.elements.iter().filter(|it| it.name == "item").map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_breaks_off_is_none() {
        for (body, expected) in [
            ("<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><a>1</a></R>\n", true),
            ("<R/>", true),
            ("\u{feff}<R><a/></R>", true),
            ("<R><a><b/></a></R>", true),
            ("\u{feff}<R><a/>", false),
            ("<R><a>1</a><b/>", false),
            ("<R></R><R>", false),
            ("<R></R><R></R>", false),
            ("<R><a>1</a>", false),
            ("<R><a></R></a>", false),
            ("<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><a>1</a", false),
            ("<?xml", false),
            ("<!DOCTYPE R [<!ENTITY e \"x\">]><R>&e;</R>", false),
            ("{\"a\":1}", false),
            ("", false),
        ] {
            assert_eq!(Element::parse(body.as_bytes()).is_ok(), expected, "{body}");
        }
    }
}
