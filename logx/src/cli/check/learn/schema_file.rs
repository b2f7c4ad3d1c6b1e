//! The learned shapes as a JSON Schema: any validator can use the file, and it is read back to be checked faster.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{LearnBy, Learned, Shape, Site};
use crate::cli::scan::Kind;

/// The keyword by which a file of our own is recognised; other validators ignore it.
const MARK: &str = "x-logx-learned";
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

impl Learned {
    /// The JSON Schema.
    pub(crate) fn to_schema(&self) -> Value {
        let mut any = self.any.clone();
        self.sites.values().for_each(|shape| any.merge(shape));
        let mut rules: Vec<_> = self
            .sites
            .iter()
            .map(|(site, shape)| json!({"if": self.condition(site), "then": of_shape(shape)}))
            .collect();
        let known: Vec<_> = self.sites.keys().map(|site| self.condition(site)).collect();
        rules.push(json!({"if": {"anyOf": known}, "then": true, "else": of_shape(&any)}));
        if self.sites.is_empty() {
            rules.clear();
        }
        json!({
            "$schema": DRAFT,
            MARK: {
                "by": match self.by { LearnBy::CallSite => "call-site", LearnBy::File => "file" },
                "caller": self.caller_key,
                "level": self.level_key,
                "lines": self.lines,
            },
            "type": "object",
            "allOf": rules,
        })
    }

    fn condition(&self, site: &Site) -> Value {
        match site {
            Site::Caller(caller) => json!({
                "required": [self.caller_key],
                "properties": {&self.caller_key: {"const": caller}},
            }),
            Site::File(file) => json!({
                "required": [self.caller_key],
                "properties": {&self.caller_key: {"type": "string", "pattern": format!("^{}(:[0-9]+)?$", escape(file))}},
            }),
            Site::Level(level) => json!({
                "not": {"required": [self.caller_key], "properties": {&self.caller_key: {"type": "string"}}},
                "properties": {&self.level_key: {"const": level}},
            }),
        }
    }

    /// Reads a schema that [`Learned::to_schema`] made; `None` if it is another JSON Schema.
    pub(crate) fn from_schema(value: &Value) -> Option<Result<Self, String>> {
        let mark = value.get(MARK)?;
        Some(read(value, mark).ok_or_else(|| format!("\"{MARK}\" is there, but the rest is not what --learn writes")))
    }
}

fn read(value: &Value, mark: &Value) -> Option<Learned> {
    let by = match mark.get("by")?.as_str()? {
        "call-site" => LearnBy::CallSite,
        "file" => LearnBy::File,
        _ => return None,
    };
    let mut learned = Learned::new(by, mark.get("caller")?.as_str()?, mark.get("level")?.as_str()?);
    learned.lines = mark.get("lines")?.as_u64()?;
    for rule in value.get("allOf")?.as_array()? {
        if let Some(rest) = rule.get("else") {
            learned.any = to_shape(rest)?;
        } else {
            let site = to_site(&learned, rule.get("if")?)?;
            learned.sites.insert(site, to_shape(rule.get("then")?)?);
        }
    }
    Some(learned)
}

fn to_site(learned: &Learned, condition: &Value) -> Option<Site> {
    let properties = condition.get("properties")?;
    if condition.get("not").is_some() {
        return Some(Site::Level(properties.get(&learned.level_key)?.get("const")?.as_str()?.to_owned()));
    }
    let caller = properties.get(&learned.caller_key)?;
    if let Some(text) = caller.get("const") {
        return Some(Site::Caller(text.as_str()?.to_owned()));
    }
    let pattern = caller.get("pattern")?.as_str()?;
    let file = pattern.strip_prefix('^')?.strip_suffix("(:[0-9]+)?$")?;
    Some(Site::File(unescape(file)))
}

fn of_shape(shape: &Shape) -> Value {
    let mut schema = Map::new();
    let kinds: Vec<_> = shape.kinds().map(|kind| json!(kind.as_str())).collect();
    match kinds.as_slice() {
        [] => {}
        [one] => drop(schema.insert("type".to_owned(), one.clone())),
        _ => drop(schema.insert("type".to_owned(), kinds.into())),
    }
    if shape.has(Kind::Object) && !shape.open {
        let keys: Map<_, _> = shape.keys.iter().map(|(name, shape)| (name.clone(), of_shape(shape))).collect();
        schema.insert("properties".to_owned(), keys.into());
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(items) = shape.known_items() {
        schema.insert("items".to_owned(), of_shape(items));
    }
    schema.into()
}

fn to_shape(schema: &Value) -> Option<Shape> {
    let mut shape = Shape::default();
    match schema.get("type") {
        Some(Value::String(word)) => shape.add(Kind::parse(word)?),
        Some(Value::Array(words)) => {
            for word in words {
                shape.add(Kind::parse(word.as_str()?)?);
            }
        }
        _ => {}
    }
    match schema.get("properties") {
        Some(keys) => {
            let keys: Option<BTreeMap<_, _>> =
                keys.as_object()?.iter().map(|(name, s)| Some((name.clone(), to_shape(s)?))).collect();
            shape.keys = keys?;
        }
        None => shape.open = shape.has(Kind::Object),
    }
    if let Some(items) = schema.get("items") {
        shape.items = Some(Box::new(to_shape(items)?));
    }
    Some(shape)
}

/// Escapes for a regular expression as JSON Schema knows them.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\^$.|?*+()[]{}/".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn unescape(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 4] = [
        r#"{"level":"info","caller":"a/b.rs:1","content":"x","n":1,"u":{"id":"1","tags":["a"]}}"#,
        r#"{"level":"info","caller":"a/b.rs:1","content":{"k":null},"n":null}"#,
        r#"{"level":"info","caller":"a/c+.rs:2","content":"x","list":[],"n":"text"}"#,
        r#"{"level":"fatal","content":"x"}"#,
    ];

    /// Lines with one thing changed, and whether that is a breach (by call-site, by file).
    const CHANGED: [(&str, bool, bool); 10] = [
        (r#"{"level":"info","caller":"a/b.rs:1","content":"x","n":2.5}"#, false, false),
        (r#"{"level":"info","caller":"a/b.rs:1","content":"x","n":"2"}"#, true, true),
        (r#"{"level":"info","caller":"a/b.rs:1","content":"x","new":1}"#, true, true),
        (r#"{"level":"info","caller":"a/b.rs:1","content":{"k":1}}"#, true, true),
        (r#"{"level":"info","caller":"a/b.rs:1","content":"x","u":{"tags":["a",1]}}"#, true, true),
        (r#"{"level":"info","caller":"a/b.rs:9","content":"x","n":"2"}"#, false, true),
        (r#"{"level":"info","caller":"z/z.rs:9","content":"x","n":true}"#, true, true),
        (r#"{"level":"info","caller":"a/c+.rs:2","content":"x","list":[1,"a"]}"#, false, false),
        (r#"{"level":"fatal","content":"x","n":1}"#, true, true),
        (r#"{"level":"alert","content":"x","n":1}"#, false, false),
    ];

    fn site(by: LearnBy, line: &str) -> Site {
        let value: Value = serde_json::from_str(line).unwrap();
        Site::of(by, value["caller"].as_str(), value["level"].as_str())
    }

    #[test]
    fn our_check_and_any_json_schema_validator_agree() {
        for by in [LearnBy::CallSite, LearnBy::File] {
            let mut learned = Learned::new(by, "caller", "level");
            LINES.iter().for_each(|line| learned.see(site(by, line), line.as_bytes()).unwrap());
            let schema = learned.to_schema();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let learned = Learned::from_schema(&schema).unwrap().unwrap();
            assert_eq!(learned.to_schema(), schema);
            let unchanged = LINES.iter().map(|line| (*line, false, false));
            for (line, by_site, by_file) in unchanged.chain(CHANGED) {
                let want = if by == LearnBy::CallSite { by_site } else { by_file };
                let found = learned.breaches(&site(by, line), line.as_bytes(), 8);
                assert_eq!(!found.is_empty(), want, "{by:?} {line} {found:?}");
                let value: Value = serde_json::from_str(line).unwrap();
                assert_eq!(!validator.is_valid(&value), want, "{by:?} {line}");
            }
        }
    }
}
