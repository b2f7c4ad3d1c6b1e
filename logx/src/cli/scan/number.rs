//! Numbers by JSON's grammar.

use super::{Defect, DefectKind};

/// More digits than this can make a number too large for a double even without an exponent.
const SAFE_LENGTH: usize = 308;

/// `at` is the minus sign or the first digit; returns one past the last byte of the number.
pub(super) fn end(line: &[u8], at: usize) -> Result<usize, Defect> {
    let mut i = at;
    if line[i] == b'-' {
        i += 1;
    }
    i = match line.get(i) {
        Some(b'0') => i + 1,
        Some(b'1'..=b'9') => digits(line, i + 1),
        Some(_) => return Err(Defect::new(i, DefectKind::BadNumber)),
        None => return Err(Defect::cut(line)),
    };
    if let Some(b'0'..=b'9') = line.get(i) {
        return Err(Defect::new(i, DefectKind::BadNumber));
    }
    if line.get(i) == Some(&b'.') {
        i = some_digits(line, i + 1)?;
    }
    let exponent = matches!(line.get(i), Some(b'e' | b'E'));
    if exponent {
        i += 1;
        if let Some(b'+' | b'-') = line.get(i) {
            i += 1;
        }
        i = some_digits(line, i)?;
    }
    if (exponent || i - at > SAFE_LENGTH) && !fits_a_double(&line[at..i]) {
        return Err(Defect::new(at, DefectKind::NumberOutOfRange));
    }
    Ok(i)
}

fn digits(line: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = line.get(at) {
        at += 1;
    }
    at
}

fn some_digits(line: &[u8], at: usize) -> Result<usize, Defect> {
    let end = digits(line, at);
    if end > at {
        return Ok(end);
    }
    if at == line.len() {
        return Err(Defect::cut(line));
    }
    Err(Defect::new(at, DefectKind::BadNumber))
}

fn fits_a_double(number: &[u8]) -> bool {
    std::str::from_utf8(number).ok().and_then(|text| text.parse::<f64>().ok()).is_some_and(f64::is_finite)
}
