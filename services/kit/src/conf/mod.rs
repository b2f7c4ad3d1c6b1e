//! go-zero's YAML configuration: its keys, defaults and allowed values.

mod blocks;
mod data_source;
pub mod duration;
mod error;
mod log;
mod node;
mod print;
mod reader;
mod rest;
mod rpc;
mod service;
mod suggest;
mod telemetry;

pub use blocks::{DevServerConf, PrometheusConf, ShutdownConf};
pub use data_source::{DataSource, DataSourceError};
pub use error::ConfError;
pub use log::LogBlock;
pub use node::Node;
pub use reader::Reader;
pub use rest::{RestConf, RestMiddlewares};
pub use rpc::{EtcdConf, MethodTimeout, RpcClientConf, RpcServerConf, StatConf};
pub use service::ServiceConf;
pub use telemetry::{Batcher, TelemetryConf};

/// A configuration type: reads itself key by key.
pub trait Conf: Sized {
    /// Reads the block; asks for every key that it knows, so that the rest is known to be unknown.
    ///
    /// # Errors
    /// A key is missing or holds what is not allowed.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ConfError>;
}

/// Looks an environment variable up.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A configuration with what is worth saying about it.
#[derive(Debug, Clone)]
pub struct Loaded<C> {
    /// The configuration.
    pub conf: C,
    /// One line for each unknown or ineffective key.
    pub warnings: Vec<String>,
    /// The effective configuration as YAML, defaults filled in, secrets masked.
    pub effective: String,
}

/// Reads a configuration from YAML text.
///
/// `file` is only named in errors. `env` switches `${NAME}` expansion on; without it a `$` is an ordinary character.
///
/// # Errors
/// One line with file, key, what was found and what is allowed.
pub fn from_yaml<C: Conf>(file: &str, text: &str, env: Option<&Env<'_>>) -> Result<Loaded<C>, ConfError> {
    read_tree(text, env).map_err(|e| ConfError { file: file.to_owned(), ..e })
}

fn read_tree<C: Conf>(text: &str, env: Option<&Env<'_>>) -> Result<Loaded<C>, ConfError> {
    let mut tree = Node::parse(text)?;
    if let Some(lookup) = env {
        tree = tree.expand("", lookup)?;
    }
    let mut reader = Reader::root(&tree)?;
    let conf = C::read(&mut reader)?;
    let (effective, warnings) = reader.finish();
    Ok(Loaded { conf, warnings, effective: print::yaml(&effective) })
}
