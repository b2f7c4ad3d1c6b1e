//! Where a service keeps its rows: a SQLite file or a MySQL server.

use std::path::PathBuf;

/// A parsed `DataSource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// A file, made when it is not there.
    Sqlite {
        /// Relative to the working directory.
        path: PathBuf,
    },
    /// A MySQL or MariaDB server.
    Mysql {
        /// Host name or address.
        host: String,
        /// Default 3306.
        port: u16,
        /// Account.
        user: String,
        /// Password, empty for none.
        password: String,
        /// Database.
        database: String,
    },
}

/// A `DataSource` that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sqlite://FILE, mysql://USER:PASSWORD@HOST:PORT/DATABASE or USER:PASSWORD@tcp(HOST:PORT)/DATABASE")]
pub struct DataSourceError;

impl DataSource {
    /// Reads the three forms; whatever follows a `?` is a Go driver's business and left out.
    ///
    /// # Errors
    /// None of the forms fits; the text is not repeated, it may hold a password.
    pub fn parse(text: &str) -> Result<Self, DataSourceError> {
        let text = text.split_once('?').map_or(text, |(before, _)| before);
        if let Some(path) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
            return (!path.is_empty()).then(|| Self::Sqlite { path: path.into() }).ok_or(DataSourceError);
        }
        let (account, rest) = text.strip_prefix("mysql://").unwrap_or(text).rsplit_once('@').ok_or(DataSourceError)?;
        let (address, database) = rest.rsplit_once('/').ok_or(DataSourceError)?;
        let address = address.strip_prefix("tcp(").and_then(|a| a.strip_suffix(')')).unwrap_or(address);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| DataSourceError)?),
            None => (address, 3306),
        };
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        if host.is_empty() || user.is_empty() || database.is_empty() {
            return Err(DataSourceError);
        }
        Ok(Self::Mysql {
            host: host.into(),
            port,
            user: user.into(),
            password: password.into(),
            database: database.into(),
        })
    }

    /// The text without its password.
    pub fn masked(text: &str) -> String {
        let Some((account, rest)) = text.rsplit_once('@') else {
            return text.to_owned();
        };
        let (scheme, account) = match account.split_once("://") {
            Some((scheme, account)) => (format!("{scheme}://"), account),
            None => (String::new(), account),
        };
        match account.split_once(':') {
            Some((user, _)) => format!("{scheme}{user}:***@{rest}"),
            None => format!("{scheme}{account}@{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mysql(port: u16, password: &str) -> DataSource {
        DataSource::Mysql {
            host: "db".into(),
            port,
            user: "root".into(),
            password: password.into(),
            database: "user".into(),
        }
    }

    #[test]
    fn every_form_is_read_and_masked() {
        for (text, parsed, masked) in [
            ("sqlite://data/user.db", DataSource::Sqlite { path: "data/user.db".into() }, "sqlite://data/user.db"),
            (
                "root:p:a@ss@tcp(db:3309)/user?charset=utf8mb4&parseTime=true",
                mysql(3309, "p:a@ss"),
                "root:***@tcp(db:3309)/user?charset=utf8mb4&parseTime=true",
            ),
            ("mysql://root:secret@db/user", mysql(3306, "secret"), "mysql://root:***@db/user"),
            ("mysql://root@db/user", mysql(3306, ""), "mysql://root@db/user"),
        ] {
            assert_eq!(DataSource::parse(text).as_ref(), Ok(&parsed), "{text}");
            assert_eq!(DataSource::masked(text), masked);
        }
        for text in ["", "sqlite://", "user.db", "root@tcp(db:x)/user", "@db/user"] {
            assert_eq!(DataSource::parse(text), Err(DataSourceError), "{text}");
        }
    }
}
