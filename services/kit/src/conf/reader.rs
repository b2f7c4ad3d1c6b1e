//! Reads typed values out of a tree, key by key, and remembers what it was asked for.
//!
//! One reader does four jobs that must agree: case-insensitive keys, defaults, the error that names found and allowed, and the
//! effective configuration that `--check-config` prints. A key that nobody asked for is unknown.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{ConfError, Node, duration, suggest};

/// What a secret prints as.
const MASKED: &str = "***";

type Result<T> = std::result::Result<T, ConfError>;

/// Reads one block.
#[derive(Debug)]
pub struct Reader<'a> {
    entries: &'a [(String, Node)],
    path: String,
    known: Vec<&'static str>,
    effective: Vec<(String, Node)>,
    warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader of the document's top.
    ///
    /// # Errors
    /// The document is not a map.
    pub fn root(node: &'a Node) -> Result<Self> {
        Self::of(node, String::new())
    }

    fn of(node: &'a Node, path: String) -> Result<Self> {
        let entries: &[(String, Node)] = match node {
            Node::Map(entries) => entries,
            Node::Null => &[],
            other => return Err(ConfError::new(path, other.describe(), "a block of keys")),
        };
        for (i, (key, _)) in entries.iter().enumerate() {
            if entries.iter().take(i).any(|(k, _)| k.eq_ignore_ascii_case(key)) {
                let path = join(&path, key);
                return Err(ConfError::new(path, "the key twice", "a key once"));
            }
        }
        Ok(Self { entries, path, known: Vec::new(), effective: Vec::new(), warnings: Vec::new() })
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, n)| n)
    }

    fn show(&mut self, key: &str, value: Node) {
        self.effective.push((key.to_owned(), value));
    }

    /// An error at a member of this block.
    pub fn error(&self, key: &str, found: impl Into<String>, allowed: impl Into<String>) -> ConfError {
        ConfError::new(join(&self.path, key), found, allowed)
    }

    /// Whether the file has this key.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k.eq_ignore_ascii_case(key))
    }

    /// Says something that does not stop the start.
    pub fn warn(&mut self, key: &str, text: &str) {
        let path = join(&self.path, key);
        self.warnings.push(format!("{path}: {text}"));
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>> {
        match self.find(key) {
            None => Ok(None),
            Some(Node::Null) => Ok(Some(String::new())),
            Some(Node::Str(s) | Node::Expanded(s)) => Ok(Some(s.clone())),
            Some(n @ (Node::Int(_) | Node::Float(_) | Node::Bool(_))) => {
                let allowed = format!("text (write it in quotes: \"{}\")", n.describe());
                Err(self.error(key, n.describe(), allowed))
            }
            Some(other) => Err(self.error(key, other.describe(), "text")),
        }
    }

    /// Text, or `default`.
    ///
    /// # Errors
    /// The key holds something else. The same holds for every method below.
    pub fn string_or(&mut self, key: &'static str, default: &str) -> Result<String> {
        let value = self.text(key)?.unwrap_or_else(|| default.to_owned());
        self.show(key, Node::Str(value.clone()));
        Ok(value)
    }

    /// Text that must be there.
    pub fn string(&mut self, key: &'static str) -> Result<String> {
        match self.text(key)? {
            Some(value) if !value.is_empty() => {
                self.show(key, Node::Str(value.clone()));
                Ok(value)
            }
            _ => Err(self.error(key, "nothing", "text, the key is required")),
        }
    }

    /// Text that is printed as `shown(text)`: addresses that carry a password.
    pub fn string_shown(&mut self, key: &'static str, default: &str, shown: fn(&str) -> String) -> Result<String> {
        let value = self.text(key)?.unwrap_or_else(|| default.to_owned());
        self.show(key, Node::Str(shown(&value)));
        Ok(value)
    }

    /// Text that is never printed; empty if absent.
    pub fn secret(&mut self, key: &'static str) -> Result<String> {
        self.string_shown(key, "", |s| if s.is_empty() { String::new() } else { MASKED.into() }).map_err(|mut e| {
            e.found = "something that is not text".into();
            e.allowed = "text in quotes".into();
            e
        })
    }

    /// One of the words in `allowed`, in any case; the first one is meant where nothing stands and `default` is `None`.
    pub fn choice_or(
        &mut self,
        key: &'static str,
        allowed: &'static [&'static str],
        default: &'static str,
    ) -> Result<&'static str> {
        let value = match self.text(key)? {
            None => default,
            Some(text) => match allowed.iter().find(|a| a.eq_ignore_ascii_case(&text)) {
                Some(word) => word,
                None => return Err(self.error(key, format!("{text:?}"), allowed.join(", "))),
            },
        };
        self.show(key, Node::Str(value.to_owned()));
        Ok(value)
    }

    /// A boolean, YAML 1.1's yes, no, on and off included.
    pub fn bool_or(&mut self, key: &'static str, default: bool) -> Result<bool> {
        let value = match self.find(key) {
            None => default,
            Some(Node::Bool(b)) => *b,
            Some(node @ (Node::Str(s) | Node::Expanded(s))) => match s.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => true,
                "false" | "no" | "off" => false,
                _ => return Err(self.error(key, node.describe(), "true or false")),
            },
            Some(other) => return Err(self.error(key, other.describe(), "true or false")),
        };
        self.show(key, Node::Bool(value));
        Ok(value)
    }

    fn whole(&mut self, key: &'static str, range: &RangeInclusive<i64>) -> Result<Option<i64>> {
        let Some(node) = self.find(key) else {
            return Ok(None);
        };
        let number = match node {
            Node::Int(i) => Some(*i),
            Node::Expanded(s) => s.parse().ok(),
            _ => None,
        };
        match number {
            Some(i) if range.contains(&i) => Ok(Some(i)),
            _ => {
                let allowed = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.error(key, node.describe(), allowed))
            }
        }
    }

    /// A whole number within `range`, or `default`.
    pub fn int_or(&mut self, key: &'static str, range: RangeInclusive<i64>, default: i64) -> Result<i64> {
        let value = self.whole(key, &range)?.unwrap_or(default);
        self.show(key, Node::Int(value));
        Ok(value)
    }

    /// A whole number within `range` that may be absent.
    pub fn int_opt(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        let value = self.whole(key, &range)?;
        if let Some(i) = value {
            self.show(key, Node::Int(i));
        }
        Ok(value)
    }

    /// A TCP port, or `default`; without a default it is required.
    pub fn port(&mut self, key: &'static str, default: Option<u16>) -> Result<u16> {
        let port = self.whole(key, &(0..=65535))?.map(|p| p as u16).or(default);
        let Some(port) = port else {
            return Err(self.error(key, "nothing", "a whole number from 0 to 65535, the key is required"));
        };
        self.show(key, Node::Int(i64::from(port)));
        Ok(port)
    }

    /// A number within `range`, or `default`.
    pub fn float_or(&mut self, key: &'static str, range: RangeInclusive<f64>, default: f64) -> Result<f64> {
        let found = self.find(key);
        let value = match found {
            None => Some(default),
            Some(Node::Int(i)) => Some(*i as f64),
            Some(Node::Float(x)) => Some(*x),
            Some(Node::Expanded(s)) => s.parse().ok(),
            Some(_) => None,
        };
        match value {
            Some(x) if range.contains(&x) => {
                self.show(key, Node::Float(x));
                Ok(x)
            }
            _ => {
                let allowed = format!("a number from {} to {}", range.start(), range.end());
                let found = found.map_or_else(String::new, Node::describe);
                Err(self.error(key, found, allowed))
            }
        }
    }

    /// A Go duration, or `default`. A bare number means nanoseconds, as in go-zero, and is warned about.
    pub fn duration_or(&mut self, key: &'static str, default: Duration) -> Result<Duration> {
        let found = self.find(key);
        let value = match found {
            None => Some(default),
            Some(Node::Int(i)) => u64::try_from(*i).ok().map(Duration::from_nanos),
            Some(Node::Str(s) | Node::Expanded(s)) => duration::parse(s),
            Some(_) => None,
        };
        if let Some(Node::Int(i)) = found
            && *i != 0
        {
            self.warn(key, &format!("{i} without a unit means {i} nanoseconds; write {i}ms or {i}s"));
        }
        let Some(value) = value else {
            let found = found.map_or_else(String::new, Node::describe);
            return Err(self.error(key, found, "a duration such as 500ms, 5.5s or 1h30m"));
        };
        self.show(key, Node::Str(duration::format(value)));
        Ok(value)
    }

    /// Whole milliseconds, as go-zero's `Timeout` keys are; zero means none.
    pub fn millis_or(&mut self, key: &'static str, default: u64) -> Result<Option<Duration>> {
        let ms = self.int_or(key, 0..=86_400_000, default as i64)?;
        Ok((ms > 0).then(|| Duration::from_millis(ms as u64)))
    }

    /// A list of texts; empty if absent.
    pub fn strings(&mut self, key: &'static str) -> Result<Vec<String>> {
        let list = match self.find(key) {
            None | Some(Node::Null) => Vec::new(),
            Some(Node::List(items)) => items
                .iter()
                .map(|item| match item {
                    Node::Str(s) | Node::Expanded(s) => Ok(s.clone()),
                    other => Err(self.error(key, other.describe(), "a list of texts")),
                })
                .collect::<Result<_>>()?,
            Some(other) => return Err(self.error(key, other.describe(), "a list of texts")),
        };
        if !list.is_empty() {
            let shown = list.iter().cloned().map(Node::Str).collect();
            self.show(key, Node::List(shown));
        }
        Ok(list)
    }

    /// A free map of texts whose keys keep their case.
    pub fn map(&mut self, key: &'static str) -> Result<Vec<(String, String)>> {
        self.free_map(key, str::to_owned)
    }

    /// As [`Reader::map`]; its values are not printed, headers carry tokens.
    pub fn secret_map(&mut self, key: &'static str) -> Result<Vec<(String, String)>> {
        self.free_map(key, |_| MASKED.into())
    }

    fn free_map(&mut self, key: &'static str, shown: fn(&str) -> String) -> Result<Vec<(String, String)>> {
        let entries = match self.find(key) {
            None | Some(Node::Null) => return Ok(Vec::new()),
            Some(Node::Map(entries)) => entries,
            Some(other) => return Err(self.error(key, other.describe(), "a block of texts")),
        };
        let mut map = Vec::new();
        for (name, node) in entries {
            match node {
                Node::Str(s) | Node::Expanded(s) => map.push((name.clone(), s.clone())),
                _ => {
                    let path = format!("{key}.{name}");
                    return Err(self.error(&path, "something that is not text", "text in quotes"));
                }
            }
        }
        let shown = map.iter().map(|(k, v)| (k.clone(), Node::Str(shown(v)))).collect();
        self.show(key, Node::Map(shown));
        Ok(map)
    }

    /// A block whose members have defaults: read even if it is absent.
    pub fn block<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        let node = self.find(key).unwrap_or(&Node::Null);
        self.below(key, node, read).map(|(value, shown)| {
            self.show(key, shown);
            value
        })
    }

    /// A block that is off when it is absent; its members' defaults hold only inside a present one.
    pub fn optional_block<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.find(key).is_none() {
            return Ok(None);
        }
        self.block(key, read).map(Some)
    }

    /// A list of blocks; empty if absent.
    pub fn blocks<T>(&mut self, key: &'static str, read: impl Fn(&mut Reader<'_>) -> Result<T>) -> Result<Vec<T>> {
        let items = match self.find(key) {
            None | Some(Node::Null) => return Ok(Vec::new()),
            Some(Node::List(items)) => items,
            Some(other) => return Err(self.error(key, other.describe(), "a list of blocks")),
        };
        let mut values = Vec::new();
        let mut shown = Vec::new();
        for (i, node) in items.iter().enumerate() {
            let (value, node) = self.below(&format!("{key}[{i}]"), node, &read)?;
            values.push(value);
            shown.push(node);
        }
        self.show(key, Node::List(shown));
        Ok(values)
    }

    fn below<T>(
        &mut self,
        key: &str,
        node: &Node,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T>,
    ) -> Result<(T, Node)> {
        let mut inner = Reader::of(node, join(&self.path, key))?;
        let value = read(&mut inner)?;
        let (shown, warnings) = inner.finish();
        self.warnings.extend(warnings);
        Ok((value, shown))
    }

    /// A key of go-zero's that this program accepts and does not act upon.
    pub fn without_effect(&mut self, key: &'static str, why: &str) {
        if self.find(key).is_some() {
            self.warn(key, &format!("has no effect: {why}"));
        }
    }

    /// As [`Reader::without_effect`], for a key whose value is checked all the same.
    ///
    /// # Errors
    /// It holds what go-zero does not allow either.
    pub fn switch_without_effect(&mut self, key: &'static str, why: &str) -> Result<()> {
        if self.has(key) {
            self.bool_or(key, true)?;
            self.without_effect(key, why);
        }
        Ok(())
    }

    /// `CpuThreshold`, go-zero's limit for shedding, which is not built in.
    ///
    /// # Errors
    /// It is not from 0 to 999.
    pub fn cpu_threshold(&mut self) -> Result<()> {
        if self.int_opt("CpuThreshold", 0..=999)?.is_some() {
            self.without_effect("CpuThreshold", "load is not shed; MaxConns limits what runs at once");
        }
        Ok(())
    }

    /// Ends the block: the effective values, and a warning for each key that nobody asked for.
    pub fn finish(mut self) -> (Node, Vec<String>) {
        for (key, _) in self.entries {
            if self.known.iter().any(|k| k.eq_ignore_ascii_case(key)) {
                continue;
            }
            let hint = suggest::nearest(key, &self.known).map_or_else(String::new, |k| format!(", did you mean {k}?"));
            let path = join(&self.path, key);
            self.warnings.push(format!("unknown key {path}{hint}"));
        }
        (Node::Map(self.effective), self.warnings)
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
