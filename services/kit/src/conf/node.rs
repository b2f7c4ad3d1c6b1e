//! A YAML document as a tree that keeps the order and the case of its keys.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::ConfError;

/// One value of a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing after the colon, `~` or `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(String),
    /// Text that held `${NAME}`: its type is decided by who reads it.
    Expanded(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values in the order of the file.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Parses a YAML (or JSON) document; an empty one is an empty map.
    ///
    /// # Errors
    /// The text is not YAML; the parser's words carry line and column, never a line of the file.
    pub fn parse(text: &str) -> Result<Self, ConfError> {
        if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#') || l.trim() == "---") {
            return Ok(Self::Map(Vec::new()));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|e| ConfError::new("", e.to_string(), "a YAML document"))
    }

    /// Replaces `${NAME}` in every text by `lookup(NAME)`. A `$` without a brace stays: it may be part of a password.
    ///
    /// # Errors
    /// A name is unknown or its brace is not closed.
    pub fn expand(self, path: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfError> {
        Ok(match self {
            Self::Str(s) if s.contains("${") => Self::Expanded(expand_text(&s, path, lookup)?),
            Self::List(items) => Self::List(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(i, n)| n.expand(&format!("{path}[{i}]"), lookup))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(k, n)| {
                        let below = if path.is_empty() { k.clone() } else { format!("{path}.{k}") };
                        n.expand(&below, lookup).map(|n| (k, n))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            other => other,
        })
    }

    /// How an error names the value.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Float(x) => x.to_string(),
            Self::Str(s) | Self::Expanded(s) => format!("{s:?}"),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a block".into(),
        }
    }
}

fn expand_text(text: &str, path: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ConfError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            return Err(ConfError::new(path, "${ without }", "${NAME}"));
        };
        let value = lookup(name)
            .ok_or_else(|| ConfError::new(path, format!("${{{name}}}"), "the name of a set environment variable"))?;
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
        Ok(Node::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        Ok(Node::Int(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        Ok(i64::try_from(v).map_or_else(|_| Node::Str(v.to_string()), Node::Int))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
        Ok(Node::Float(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        Ok(Node::Str(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Node, E> {
        Ok(Node::Str(v))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Node, D::Error> {
        Node::deserialize(d)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
