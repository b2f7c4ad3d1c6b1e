use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Where a service is.
///
/// | text | meaning |
/// |---|---|
/// | `host:port` | that address |
/// | `direct:///a:1,b:2` | these addresses, balanced; `direct://a:1,b:2` means the same |
/// | `dns:///host:port` | the first of the name's addresses that answers, asked for anew at each connection |
/// | `etcd://h1,h2/key` | what is registered under `key/`; `?user=&password=` for an etcd account |
/// | `etcd:///h1,h2?key=key` | the same in the newer spelling |
///
/// `discov` is another word for `etcd`. An etcd host without a port has 2379.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Fixed addresses, each `host:port`; at least one.
    Direct(Vec<String>),
    /// A name whose addresses are asked for at connection time, `host:port`.
    Dns(String),
    /// A key in etcd.
    Etcd(EtcdTarget),
}

/// A key in etcd and how to reach it. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EtcdTarget {
    /// Members of the cluster, each `host:port`; at least one.
    pub hosts: Vec<String>,
    /// The service's key, without a slash at either end.
    pub key: String,
    /// Account name; empty means no authentication.
    pub user: String,
    /// The account's password.
    pub password: String,
}

const ETCD_PORT: u16 = 2379;

impl Target {
    /// The one address of a plain target, or `None` when there are several or they have to be looked up.
    pub fn single(&self) -> Option<&str> {
        match self {
            Self::Direct(addresses) if addresses.len() == 1 => addresses.first().map(String::as_str),
            _ => None,
        }
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason| Error::BadTarget { target: without_query(text).to_owned(), reason };
        let text = text.trim();
        if text.is_empty() {
            return Err(bad("is empty"));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Direct(addresses(text)?));
        };
        match scheme {
            "direct" => Ok(Self::Direct(addresses(rest.trim_start_matches('/'))?)),
            "dns" => {
                let name = rest.rsplit('/').next().unwrap_or_default();
                check_address(name)?;
                Ok(Self::Dns(name.to_owned()))
            }
            "etcd" | "discov" => etcd(rest).map(Self::Etcd).map_err(bad),
            _ => Err(bad("has an unknown scheme; known are direct, dns, etcd, discov")),
        }
    }
}

fn without_query(text: &str) -> &str {
    text.split('?').next().unwrap_or(text)
}

fn addresses(list: &str) -> Result<Vec<String>, Error> {
    list.trim_end_matches('/')
        .split(',')
        .map(str::trim)
        .map(|address| check_address(address).map(|()| address.to_owned()))
        .collect()
}

fn check_address(address: &str) -> Result<(), Error> {
    let bad = |reason: &str| Error::BadAddress { address: address.to_owned(), reason: reason.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(|| bad("has no port"))?;
    if host.is_empty() {
        return Err(bad("has no host"));
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(()),
        _ => Err(bad("the port must be 1 to 65535")),
    }
}

fn etcd(rest: &str) -> Result<EtcdTarget, &'static str> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = path.split_once('/').unwrap_or((path, ""));
    let mut target = EtcdTarget { hosts: Vec::new(), key: String::new(), user: String::new(), password: String::new() };
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "key" => target.key = unescape(value),
            "user" => target.user = unescape(value),
            "password" => target.password = unescape(value),
            _ => {}
        }
    }
    let hosts = if authority.is_empty() { path } else { authority };
    if !authority.is_empty() {
        target.key = unescape(path);
    }
    target.key = target.key.trim_matches('/').to_owned();
    if target.key.is_empty() {
        return Err("names no key; write etcd://host:2379/key");
    }
    target.hosts = hosts.split(',').map(str::trim).filter(|h| !h.is_empty()).map(with_etcd_port).collect();
    if target.hosts.is_empty() {
        return Err("names no etcd host; write etcd://host:2379/key");
    }
    if target.hosts.iter().any(|host| check_address(host).is_err()) {
        return Err("has an etcd host that is no host:port");
    }
    Ok(target)
}

fn with_etcd_port(host: &str) -> String {
    if host.contains(':') { host.to_owned() } else { format!("{host}:{ETCD_PORT}") }
}

/// Decodes %XX; what is no valid escape stays as it is.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = tail
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escape) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Escapes what would end a query value.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// The form that every reader understands, a real dtm included; a plain address stays plain.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(addresses) => match self.single() {
                Some(address) => f.write_str(address),
                None => write!(f, "direct:///{}", addresses.join(",")),
            },
            Self::Dns(name) => write!(f, "dns:///{name}"),
            Self::Etcd(etcd) => {
                write!(f, "etcd://{}/{}", etcd.hosts.join(","), etcd.key)?;
                if etcd.user.is_empty() {
                    return Ok(());
                }
                write!(f, "?user={}&password={}", escape(&etcd.user), escape(&etcd.password))
            }
        }
    }
}

impl fmt::Debug for EtcdTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTarget")
            .field("hosts", &self.hosts)
            .field("key", &self.key)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
