//! `user.proto`, `score.proto` and the code generated from them.
//!
//! The messages serialize as go-zero prints them in its call lines: field names as in the .proto file, zero values left out.

/// Package `user`: the service `User`.
#[allow(
    missing_debug_implementations,
    clippy::all,
    clippy::clone_on_ref_ptr,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod user {
    tonic::include_proto!("user");
}

/// Package `userscore`: the service `UserScore`.
#[allow(
    missing_debug_implementations,
    clippy::all,
    clippy::clone_on_ref_ptr,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod userscore {
    tonic::include_proto!("userscore");
}

/// The encoded file descriptor set of both packages, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// Whether a field holds proto3's default and so is left out of a call line.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn the_wire_paths_are_the_tutorials() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut paths: Vec<String> = set
            .file
            .iter()
            .flat_map(|f| f.service.iter().map(move |s| (f.package(), s)))
            .flat_map(|(p, s)| s.method.iter().map(move |m| format!("/{p}.{}/{}", s.name(), m.name())))
            .collect();
        paths.sort();
        assert_eq!(
            paths,
            [
                "/user.User/getUser",
                "/user.User/listUsers",
                "/user.User/saveUser",
                "/user.User/saveUserCallback",
                "/userscore.UserScore/getUserScore",
                "/userscore.UserScore/saveUserScore",
                "/userscore.UserScore/saveUserScoreCallback",
            ]
        );
    }

    #[test]
    fn a_request_prints_as_go_zero_prints_it() {
        let request = userscore::UserScoreRequest { user_id: 100, score: 10, invite_code: String::new() };
        assert_eq!(serde_json::to_string(&request).unwrap(), r#"{"user_id":100,"score":10}"#);
    }
}
