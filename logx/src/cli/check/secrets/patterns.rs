//! What secrets look like.

/// The group of a pattern that is the secret itself; without it the whole match is.
pub(super) const VALUE_GROUP: &str = "v";

/// A kind of secret.
pub(super) struct SecretPattern {
    pub(super) what: &'static str,
    /// Words, in any case, of which one is in every match.
    pub(super) anchors: &'static [&'static str],
    pub(super) regex: &'static str,
}

/// Words that stand for a hidden value.
pub(super) const MASKS: &[&str] =
    &["masked", "redacted", "hidden", "secret", "removed", "filtered", "null", "none", "true", "false", "sensitive"];

pub(super) const PATTERNS: &[SecretPattern] = &[
    SecretPattern {
        what: "private key",
        anchors: &["private key"],
        regex: r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    },
    SecretPattern { what: "AWS access key id", anchors: &["akia", "asia"], regex: r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b" },
    SecretPattern {
        what: "JSON web token",
        anchors: &["eyj"],
        regex: r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    },
    SecretPattern {
        what: "access token of a known service",
        anchors: &[
            "ghp_",
            "gho_",
            "ghs_",
            "ghu_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "xoxp-",
            "xoxa-",
            "xoxs-",
            "aiza",
            "sk_live_",
            "npm_",
        ],
        regex: r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|xox[abps]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|sk_live_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{36})",
    },
    SecretPattern {
        what: "bearer token",
        anchors: &["bearer "],
        regex: r"(?i)\bbearer (?P<v>[A-Za-z0-9._~+/-]{16,}=*)",
    },
    SecretPattern {
        what: "basic credentials",
        anchors: &["basic "],
        regex: r"(?i)\bauthorization\\?[\x22':= ]+basic (?P<v>[A-Za-z0-9+/]{8,}=*)",
    },
    SecretPattern {
        what: "password in a URL",
        anchors: &["://"],
        regex: r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\x22\\]*:(?P<v>[^\s/:@\x22\\]+)@",
    },
    SecretPattern {
        what: "value of a secret key",
        anchors: &[
            "passw",
            "pwd",
            "secret",
            "token",
            "api_key",
            "api-key",
            "apikey",
            "authorization",
            "credential",
            "private_key",
        ],
        regex: r#"(?i)"[a-z0-9_.-]*(?:passwd|password|passwort|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|credentials?)"\s*:\s*"(?P<v>[^"\\]+)"#,
    },
    SecretPattern {
        what: "password in text",
        anchors: &["passw", "pwd"],
        regex: r#"(?i)\b(?:passwd|password|pwd)\s?[=:]\s?(?P<v>[^\s"'\\,;&]{4,})"#,
    },
];
