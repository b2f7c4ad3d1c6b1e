//! Compiles the .proto files with protox, so that no protoc is needed.
use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["user.proto", "score.proto"], ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptor.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure()
        .type_attribute(".", "#[derive(::serde::Serialize)]")
        .type_attribute(".", "#[serde(rename_all = \"snake_case\")]")
        .field_attribute(".", "#[serde(skip_serializing_if = \"crate::is_default\")]")
        .compile_fds(files)?;
    Ok(())
}
