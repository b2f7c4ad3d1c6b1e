//! Names of registrations at the coordinator.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Every gid of ours begins so; the coordinator may serve others as well.
const PREFIX: &str = "register-";
/// Longest gid of ours.
const MAX: usize = 100;
/// Bytes of the key's hash that go into the gid: enough that nobody guesses or collides.
const HASH_BYTES: usize = 20;

/// The gid of an attempt, counted from 1. The same key gives the same gid; without a key each is new.
pub(super) fn of(key: Option<&str>, attempt: u32) -> String {
    let mut gid = PREFIX.to_owned();
    match key {
        None => gid.push_str(&dtm::gid::new()),
        Some(key) => {
            gid.push_str("k-");
            for byte in Sha256::digest(key.as_bytes()).iter().take(HASH_BYTES) {
                let _ = write!(gid, "{byte:02x}");
            }
            if attempt > 1 {
                let _ = write!(gid, "-{attempt}");
            }
        }
    }
    gid
}

/// Whether this may be a gid of ours.
pub(super) fn is_ours(gid: &str) -> bool {
    gid.len() <= MAX
        && gid.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty())
        && gid.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_one_gid_and_no_key_a_new_one() {
        assert_eq!(of(Some("a"), 1), of(Some("a"), 1));
        assert_ne!(of(Some("a"), 1), of(Some("b"), 1));
        assert_ne!(of(Some("a"), 1), of(Some("a"), 2));
        assert_ne!(of(None, 1), of(None, 1));
        for gid in [of(None, 1), of(Some(&"k".repeat(255)), 3)] {
            assert!(is_ours(&gid), "{gid}");
        }
        for gid in ["", "register-", "other-1", "register-a b", "register-\u{e4}"] {
            assert!(!is_ours(gid), "{gid}");
        }
    }
}
