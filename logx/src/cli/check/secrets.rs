//! `--no-secrets`: text that must not be in a log.

mod patterns;

use aho_corasick::AhoCorasick;
use base64::Engine;
use regex::bytes::{Regex, RegexBuilder};

use super::super::scan::unescape_into;
use patterns::{MASKS, PATTERNS, VALUE_GROUP};

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leak {
    /// What it looks like.
    pub what: String,
    /// Its first characters; the rest is not repeated in the report.
    pub hint: String,
}

#[derive(Debug)]
struct Pattern {
    what: &'static str,
    regex: Regex,
}

/// Texts planted in test data, and the forms in which they could turn up.
#[derive(Debug)]
struct Canaries {
    finder: AhoCorasick,
    /// For each needle: the canary's number and the name of the form.
    forms: Vec<(usize, &'static str)>,
}

/// Looks for secrets in lines.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Words of which one must be in the line before any pattern can match.
    anchors: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    canaries: Option<Canaries>,
    unescaped: Vec<u8>,
}

impl Secrets {
    /// Looks for the built-in patterns if `with_patterns`, and for every canary in plain, base64, hexadecimal and
    /// percent-encoded form.
    ///
    /// # Errors
    /// A text that names the canary that is too short to be told from chance (under 4 bytes), or a pattern engine's
    /// refusal.
    pub(crate) fn new(with_patterns: bool, canaries: &[String]) -> Result<Self, String> {
        let (anchors, patterns) = if with_patterns { built_in()? } else { (None, Vec::new()) };
        Ok(Self { anchors, patterns, canaries: Canaries::new(canaries)?, unescaped: Vec::new() })
    }

    /// The first secret in the line, if any. A line with escapes is looked through as written and as meant.
    pub(crate) fn find(&mut self, line: &[u8]) -> Option<Leak> {
        if let Some(leak) = self.find_in(line) {
            return Some(leak);
        }
        memchr::memchr(b'\\', line)?;
        let mut meant = std::mem::take(&mut self.unescaped);
        meant.clear();
        unescape_into(line, &mut meant);
        let leak = self.find_in(&meant);
        self.unescaped = meant;
        leak
    }

    fn find_in(&self, text: &[u8]) -> Option<Leak> {
        if let Some(canaries) = &self.canaries
            && let Some(leak) = canaries.find(text)
        {
            return Some(leak);
        }
        self.anchors.as_ref()?.find(text)?;
        self.patterns.iter().find_map(|pattern| {
            pattern.regex.captures_iter(text).find_map(|found| {
                let secret = found.name(VALUE_GROUP).or_else(|| found.get(0))?.as_bytes();
                (!is_masked(secret)).then(|| Leak { what: pattern.what.to_owned(), hint: hint(secret) })
            })
        })
    }
}

fn built_in() -> Result<(Option<AhoCorasick>, Vec<Pattern>), String> {
    let anchors = PATTERNS.iter().flat_map(|p| p.anchors);
    let anchors = AhoCorasick::builder().ascii_case_insensitive(true).build(anchors).map_err(|e| e.to_string())?;
    let mut patterns = Vec::new();
    for pattern in PATTERNS {
        let regex = RegexBuilder::new(pattern.regex).unicode(false).build().map_err(|e| e.to_string())?;
        patterns.push(Pattern { what: pattern.what, regex });
    }
    Ok((Some(anchors), patterns))
}

/// A value that says that something was hidden: only mask characters, or one of the usual words.
fn is_masked(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_matches(|c: char| "[]<>(){}".contains(c));
    text.is_empty()
        || text.contains("***")
        || text.chars().all(|c| "*•.xX-_#".contains(c))
        || MASKS.iter().any(|mask| text.eq_ignore_ascii_case(mask))
}

fn hint(secret: &[u8]) -> String {
    let shown = (secret.len() / 4).min(4);
    format!("{}…", super::super::excerpt::clip(&secret[..shown], shown))
}

impl Canaries {
    fn new(texts: &[String]) -> Result<Option<Self>, String> {
        if texts.is_empty() {
            return Ok(None);
        }
        let mut needles: Vec<String> = Vec::new();
        let mut forms = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            if text.len() < 4 {
                return Err(format!("a canary needs at least 4 bytes, {text:?} has {}", text.len()));
            }
            for (needle, form) in forms_of(text) {
                needles.push(needle);
                forms.push((number, form));
            }
        }
        let finder = AhoCorasick::new(&needles).map_err(|e| e.to_string())?;
        Ok(Some(Self { finder, forms }))
    }

    fn find(&self, text: &[u8]) -> Option<Leak> {
        let found = self.finder.find(text)?;
        let (number, form) = self.forms.get(found.pattern().as_usize())?;
        Some(Leak { what: format!("canary {}{form}", number + 1), hint: String::new() })
    }
}

/// The forms in which a canary can turn up. Base64 of a longer text has the canary at one of three alignments; the
/// characters at the edges depend on the neighbours and are left out.
fn forms_of(text: &str) -> Vec<(String, &'static str)> {
    let bytes = text.as_bytes();
    let mut forms = vec![(text.to_owned(), "")];
    for skip in 0..3usize {
        let mut padded = vec![0; skip];
        padded.extend_from_slice(bytes);
        let first = (skip * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for (engine, form) in [
            (&base64::engine::general_purpose::STANDARD_NO_PAD, " in base64"),
            (&base64::engine::general_purpose::URL_SAFE_NO_PAD, " in base64"),
        ] {
            let encoded = engine.encode(&padded);
            if last > first + 4 {
                forms.push((encoded[first..last].to_owned(), form));
            }
        }
    }
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    forms.push((hex.to_ascii_uppercase(), " in hexadecimal"));
    forms.push((hex, " in hexadecimal"));
    let percent: String = bytes
        .iter()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(b) {
                char::from(*b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    if percent != text {
        forms.push((percent, " percent-encoded"));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(line: &str) -> Option<String> {
        Secrets::new(true, &[]).unwrap().find(line.as_bytes()).map(|leak| leak.what)
    }

    #[test]
    fn patterns_hit_secrets_and_not_their_masks() {
        for (line, what) in [
            (r#"{"password":"hunter2x"}"#, "value of a secret key"),
            (r#"{"user":{"api_key" : "k-123456"}}"#, "value of a secret key"),
            (r#"{"content":"Authorization: Bearer abcdefghijklmnop1234"}"#, "bearer token"),
            (r#"{"content":"login password=hunter2x ok"}"#, "password in text"),
            (r#"{"content":"mysql://root:s3cret@db:3306/x"}"#, "password in a URL"),
            (r#"{"k":"AKIAIOSFODNN7EXAMPLE"}"#, "AWS access key id"),
            (r#"{"k":"-----BEGIN RSA PRIVATE KEY-----"}"#, "private key"),
            (r#"{"k":"\u0041KIAIOSFODNN7EXAMPLE"}"#, "AWS access key id"),
            (r#"{"content":"{\"password\":\"hunter2x\"}"}"#, "value of a secret key"),
        ] {
            assert_eq!(find(line).as_deref(), Some(what), "{line}");
        }
        for line in [
            r#"{"password":"******"}"#,
            r#"{"password":""}"#,
            r#"{"token":"[REDACTED]"}"#,
            r#"{"tokens":12,"token_count":3}"#,
            r#"{"content":"password=*** ok, see http://example.com/a@b"}"#,
            r#"{"content":"password changed"}"#,
            r#"{"trace":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        ] {
            assert_eq!(find(line), None, "{line}");
        }
    }

    #[test]
    fn canaries_are_found_in_every_form() {
        let canary = "c4n4ry/secret=é".to_owned();
        let mut secrets = Secrets::new(false, std::slice::from_ref(&canary)).unwrap();
        let hex: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
        let mut lines = vec![
            canary.clone(),
            canary.replace('/', "\\/").replace('é', "\\u00e9"),
            hex,
            "c4n4ry%2Fsecret%3D%C3%A9".to_owned(),
        ];
        for lead in ["", "a", "ab", "abc"] {
            let text = format!("{lead}{canary}tail");
            lines.push(base64::engine::general_purpose::STANDARD.encode(text));
        }
        for line in lines {
            assert!(secrets.find(format!("{{\"k\":\"{line}\"}}").as_bytes()).is_some(), "{line}");
        }
        assert_eq!(secrets.find(b"{\"k\":\"c4n4ry/secret\"}"), None);
        assert!(Secrets::new(false, &["abc".to_owned()]).is_err());
    }
}
