//! A status as one letter; only an operation's own three are kept.

use serde::{Deserialize, Deserializer, Serializer};

use crate::protocol::Status;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn serialize<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_char(match status {
        Status::Succeed => 's',
        Status::Failed => 'f',
        _ => 'p',
    })
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    Ok(match char::deserialize(deserializer)? {
        's' => Status::Succeed,
        'f' => Status::Failed,
        _ => Status::Prepared,
    })
}
