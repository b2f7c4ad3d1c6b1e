//! How many points a registration is worth.

/// Points without an invite code.
const DEFAULT: i32 = 10;
/// The known invite codes with their points.
const CODES: [(&str, i32); 1] = [("WELCOME", 50)];
/// More points than this are nobody's to grant.
const MAX: i32 = 1_000_000;

/// The invite code is not known.
pub(crate) const UNKNOWN_CODE: &str = "invite_code_unknown";
/// The points asked for are out of range.
pub(crate) const INVALID_SCORE: &str = "invalid_score";

/// The points for a request, or the code of the refusal. An invite code wins over the points asked for; 0 asks for the default.
pub(crate) fn granted(invite_code: &str, asked: i32) -> Result<i32, &'static str> {
    if !invite_code.is_empty() {
        return CODES.iter().find(|(code, _)| *code == invite_code).map(|(_, points)| *points).ok_or(UNKNOWN_CODE);
    }
    match asked {
        0 => Ok(DEFAULT),
        1..=MAX => Ok(asked),
        _ => Err(INVALID_SCORE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_wins_and_an_unknown_one_is_refused() {
        assert_eq!(granted("", 0), Ok(10));
        assert_eq!(granted("", 7), Ok(7));
        assert_eq!(granted("WELCOME", 7), Ok(50));
        assert_eq!(granted("welcome", 7), Err(UNKNOWN_CODE));
        assert_eq!(granted("", -1), Err(INVALID_SCORE));
        assert_eq!(granted("", MAX + 1), Err(INVALID_SCORE));
    }
}
