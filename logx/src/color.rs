//! go-zero's colours for a part of a plain line's text.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::conf::{Encoding, LogConf, Mode};

/// A colour of text, or of its background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Color {
    /// Text as it is.
    None = 0,
    /// Black text.
    FgBlack = 30,
    /// Red text.
    FgRed,
    /// Green text.
    FgGreen,
    /// Yellow text.
    FgYellow,
    /// Blue text.
    FgBlue,
    /// Magenta text.
    FgMagenta,
    /// Cyan text.
    FgCyan,
    /// White text.
    FgWhite,
    /// On black.
    BgBlack = 40,
    /// On red.
    BgRed,
    /// On green.
    BgGreen,
    /// On yellow.
    BgYellow,
    /// On blue.
    BgBlue,
    /// On magenta.
    BgMagenta,
    /// On cyan.
    BgCyan,
    /// On white.
    BgWhite,
}

const JSON: u8 = 0;
const PLAIN: u8 = 1;
const COLORED: u8 = 2;
/// What lines look like, as the configuration said.
static LOOK: AtomicU8 = AtomicU8::new(JSON);

/// `NO_COLOR`: any value that is not empty switches colours off; and nobody looks at what is no terminal.
pub(crate) fn is_wanted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    !refused && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}

pub(crate) fn configure(conf: &LogConf) {
    let look = match (conf.encoding, conf.mode) {
        (Encoding::Json, _) => JSON,
        (Encoding::Plain, Mode::Console) if is_wanted() => COLORED,
        (Encoding::Plain, _) => PLAIN,
    };
    LOOK.store(look, Ordering::Relaxed);
}

pub(crate) fn reset() {
    LOOK.store(JSON, Ordering::Relaxed);
}

/// The text in a colour, for plain lines on a terminal; the text itself in JSON, in files, and under `NO_COLOR`.
#[must_use]
pub fn with_color(text: &str, color: Color) -> Cow<'_, str> {
    painted(text, color, LOOK.load(Ordering::Relaxed) == COLORED)
}

/// As [`with_color`], with a space on either side; in JSON the text itself.
///
/// ```
/// // Nothing is set up: lines are JSON.
/// assert_eq!(logx::with_color_padding("slow", logx::Color::BgRed), "slow");
/// ```
#[must_use]
pub fn with_color_padding(text: &str, color: Color) -> Cow<'_, str> {
    match LOOK.load(Ordering::Relaxed) {
        JSON => Cow::Borrowed(text),
        look => Cow::Owned(painted(&format!(" {text} "), color, look == COLORED).into_owned()),
    }
}

fn painted(text: &str, color: Color, colored: bool) -> Cow<'_, str> {
    match color {
        Color::None => Cow::Borrowed(text),
        _ if !colored => Cow::Borrowed(text),
        color => Cow::Owned(format!("\u{1b}[{};1m{text}{RESET}", color as u8)),
    }
}

/// Ends any colour.
pub(crate) const RESET: &str = "\u{1b}[0m";

/// The length of the colour code at the head of `text`, if it is one that [`with_color`] makes.
pub(crate) fn code_len(text: &str) -> Option<usize> {
    if text.starts_with(RESET) {
        return Some(RESET.len());
    }
    let digits = text.strip_prefix("\u{1b}[")?.get(..2)?;
    let known = digits.parse().is_ok_and(|n: u8| matches!(n, 30..=37 | 40..=47));
    (known && text[4..].starts_with(";1m")).then_some(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_painted_only_for_a_terminal() {
        assert_eq!(painted("x", Color::FgRed, false), "x");
        assert_eq!(painted("x", Color::None, true), "x");
        let red = painted("x", Color::FgRed, true);
        assert_eq!(red, "\u{1b}[31;1mx\u{1b}[0m");
        assert_eq!(code_len(&red), Some(7));
        assert_eq!(code_len(&painted("x", Color::BgWhite, true)), Some(7));
        assert_eq!(code_len("\u{1b}[0m"), Some(4));
        for other in ["x", "\u{1b}[8m", "\u{1b}[2J", "\u{1b}[31", "\u{1b}[31;1", "\u{1b}]0;title", "\u{1b}[é"] {
            assert_eq!(code_len(other), None, "{other:?}");
        }
    }
}
