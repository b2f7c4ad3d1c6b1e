//! The members of a JSON object that a line of ours brings along, as fields again.

use logx::{Field, Key, Value, bridge};

/// A key's text and its value's JSON.
type Member<'a> = (String, &'a str);

/// The members of an object that this crate put together itself: valid, without white space between its parts.
pub(crate) fn members(object: &str) -> Vec<Member<'_>> {
    let mut rest = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (key, behind) = rest.split_at(end_of(rest, b':'));
        let behind = behind.get(1..).unwrap_or_default();
        let (value, next) = behind.split_at(end_of(behind, b','));
        members.push((bridge::text(Value::Json(key)), value));
        rest = next.get(1..).unwrap_or_default();
    }
    members
}

/// Members as a line takes them.
pub(crate) fn as_fields<'a>(members: &'a [Member<'_>]) -> impl Iterator<Item = Field<'a>> {
    members.iter().map(|(key, value)| Field { key: Key::Dyn(key), value: Value::Json(value) })
}

/// Where the first `stop` stands that is neither in a text nor in a nested value; the end where there is none.
fn end_of(json: &str, stop: u8) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (i, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            byte if byte == stop && depth == 0 => return i,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_with_their_own_json() {
        let object = r#"{"a":1,"b,\":":"}{,\\","":{"x":[1,{"y":","}]},"n":-1e+21}"#;
        let want = [("a", "1"), ("b,\":", r#""}{,\\""#), ("", r#"{"x":[1,{"y":","}]}"#), ("n", "-1e+21")];
        assert_eq!(members(object), want.map(|(key, value)| (key.to_owned(), value)));
        assert!(members("{}").is_empty());
    }
}
