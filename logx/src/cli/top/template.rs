//! The template of a message: what stays when the data is taken out.

/// Words longer than this are cut: data, not language.
const MAX_TEMPLATE: usize = 200;
/// What stands for data.
const HOLE: &str = "<*>";

/// Replaces numbers, ids, quoted texts, paths' numbers and addresses in `message` with `<*>`; only the first line counts.
pub(crate) fn template(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message.split('\n').next().unwrap_or_default();
    while let Some(c) = rest.chars().next() {
        if out.len() > MAX_TEMPLATE {
            out.push('…');
            break;
        }
        if let Some(len) = quoted(rest, c) {
            push_hole(&mut out);
            rest = &rest[len..];
        } else if is_word(c) {
            let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            push_word(&mut out, &rest[..len]);
            rest = &rest[len..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The length of a quoted text at the beginning, quotes included; an apostrophe inside a word does not open one.
fn quoted(text: &str, first: char) -> Option<usize> {
    if !matches!(first, '"' | '`') {
        return None;
    }
    text[1..].find(first).map(|at| at + 2)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn push_word(out: &mut String, word: &str) {
    let core = word.trim_end_matches(['.', '-']);
    if is_data(core) {
        push_hole(out);
        out.push_str(&word[core.len()..]);
    } else {
        out.push_str(word);
    }
}

/// Numbers, durations, hexadecimal ids, UUIDs, times: whatever has a digit in it, except names like `v2` or `utf8`.
fn is_data(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return false;
    }
    let starts_with_digit = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let hex = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    starts_with_digit || hex || digits * 2 > word.len()
}

fn push_hole(out: &mut String) {
    out.push_str(HOLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_becomes_a_hole_and_names_stay() {
        for (message, want) in [
            ("registered user 17 in 12.3ms", "registered user <*> in <*>"),
            ("gid 4bf92f3577b34da6-0001 done.", "gid <*> done."),
            ("GET /user/get/9 -> 200", "GET /user/get/<*> -> <*>"),
            ("name \"a b\" is taken by v2 of utf8", "name <*> is taken by v2 of utf8"),
            ("peer 10.0.0.1:8080", "peer <*>:<*>"),
            ("panic\n  at x:1", "panic"),
            ("it's fine", "it's fine"),
            ("", ""),
        ] {
            assert_eq!(template(message), want);
        }
    }
}
