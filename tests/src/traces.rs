//! Traces as trees, read from Jaeger's API or from the files of `Batcher: file`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// One span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its trace, 32 hex digits.
    pub trace: String,
    /// Its id, 16 hex digits.
    pub id: String,
    /// Its parent; empty for a root.
    pub parent: String,
    /// `service.name` of the process that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// `server`, `client`, or empty.
    pub kind: String,
    /// Microseconds since 1970.
    pub start: i64,
    /// Whether its status is an error.
    pub error: bool,
    /// Its attributes.
    pub tags: BTreeMap<String, Value>,
}

/// The spans of a trace as Jaeger's API shows them.
///
/// # Errors
/// The text is no answer of that API.
pub fn from_jaeger(answer: &Value) -> Result<Vec<Span>> {
    let Some(trace) = answer["data"].get(0) else { return Ok(Vec::new()) };
    let spans = trace["spans"].as_array().context("no spans")?;
    spans.iter().map(|span| jaeger_span(span, &trace["processes"])).collect()
}

fn jaeger_span(span: &Value, processes: &Value) -> Result<Span> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ensure!(span["warnings"].is_null(), "Jaeger warns: {}", span["warnings"]);
    let references = span["references"].as_array().context("no references")?;
    let parent =
        references.iter().find(|r| r["refType"] == "CHILD_OF").map_or_else(String::new, |r| text(&r["spanID"]));
    let tags: BTreeMap<_, _> =
        span["tags"].as_array().into_iter().flatten().map(|tag| (text(&tag["key"]), tag["value"].clone())).collect();
    let process = span["processID"].as_str().context("no process")?;
    Ok(Span {
        trace: text(&span["traceID"]),
        id: text(&span["spanID"]),
        parent,
        service: text(&processes[process]["serviceName"]),
        name: text(&span["operationName"]),
        kind: tags.get("span.kind").map_or_else(String::new, text),
        start: span["startTime"].as_i64().context("no start")?,
        error: tags.get("error") == Some(&Value::Bool(true)),
        tags,
    })
}

/// The spans in a file that `Batcher: file` wrote.
///
/// # Errors
/// The file cannot be read, or a line is no span.
pub fn from_file(file: &Path) -> Result<Vec<Span>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    text.lines().map(|line| file_span(&serde_json::from_str(line)?)).collect()
}

fn file_span(span: &Value) -> Result<Span> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attributes = |list: &Value| -> BTreeMap<String, Value> {
        list.as_array().into_iter().flatten().map(|kv| (text(&kv["Key"]), kv["Value"]["Value"].clone())).collect()
    };
    let parent = text(&span["Parent"]["SpanID"]);
    Ok(Span {
        trace: text(&span["SpanContext"]["TraceID"]),
        id: text(&span["SpanContext"]["SpanID"]),
        parent: if parent.bytes().all(|b| b == b'0') { String::new() } else { parent },
        service: attributes(&span["Resource"]).get("service.name").map_or_else(String::new, text),
        name: text(&span["Name"]),
        kind: match span["SpanKind"].as_i64() {
            Some(2) => "server".to_owned(),
            Some(3) => "client".to_owned(),
            _ => String::new(),
        },
        start: span["StartTimeMicros"].as_i64().context("no start")?,
        error: span["Status"]["Code"] == "Error",
        tags: attributes(&span["Attributes"]),
    })
}

/// The trace as indented lines, `service: name (kind)`, children in the order of their start. Equal neighbours without children are one line,
/// so that the number of SQL statements does not matter.
///
/// # Errors
/// There is not exactly one root, or a parent is missing.
pub fn tree(spans: &[Span]) -> Result<String> {
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    ensure!(roots.len() == 1, "{} roots: {spans:#?}", roots.len());
    for span in spans {
        let known = span.parent.is_empty() || spans.iter().any(|parent| parent.id == span.parent);
        ensure!(known, "the parent of {span:?} is missing");
    }
    let mut lines = String::new();
    write_span(spans, roots[0], 0, &mut lines)?;
    Ok(lines)
}

fn write_span(spans: &[Span], span: &Span, depth: usize, lines: &mut String) -> Result<()> {
    let error = if span.error { ", error" } else { "" };
    let line = format!("{}{}: {} ({}{error})\n", "  ".repeat(depth), span.service, span.name, span.kind);
    if !lines.ends_with(&line) {
        lines.write_str(&line)?;
    }
    let mut children: Vec<_> = spans.iter().filter(|child| child.parent == span.id).collect();
    children.sort_by_key(|child| child.start);
    children.into_iter().try_for_each(|child| write_span(spans, child, depth + 1, lines))
}
