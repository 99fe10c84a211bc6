//! `DATABASES`: one table for each database.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    checks::Checks,
    reader::Reader,
    values::{
        Fallback::{Is, Unset},
        MOST,
    },
};
use crate::settings::{
    schema::{Choice, Word},
    source::MASK,
};

/// One entry of `DATABASES`. Its `Debug` masks the password.
///
/// # Examples
///
/// ```
/// use nuages::settings::{DatabaseEngine, Settings};
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     [DATABASES.default]
///     ENGINE = "postgresql"
///     NAME = "site"
///     PASSWORD = "hunter2"
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// let database = &settings.databases["default"];
/// assert_eq!(database.engine, DatabaseEngine::Postgresql);
/// assert!(!format!("{database:?}").contains("hunter2"));
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// `ENGINE`.
    pub engine: DatabaseEngine,
    /// `NAME`: for SQLite an absolute path or `:memory:`, for PostgreSQL the database's name.
    pub name: String,
    /// The file of a SQLite database, `None` in memory. Unlike `name`, it holds paths that are not UTF-8.
    pub path: Option<PathBuf>,
    /// `USER`.
    pub user: String,
    /// `PASSWORD`.
    pub password: String,
    /// `HOST`: a name, an address, or the folder of a Unix socket.
    pub host: String,
    /// `PORT`. 0 = the engine's default.
    pub port: u16,
    /// `CONN_POOL_SIZE`: the greatest number of connections. Default 4 for each processor.
    pub pool_size: Option<u32>,
    /// `OPTIONS.timeout`: how long to wait for a lock or a connection. Default 5 s.
    pub timeout: Duration,
    /// `OPTIONS.synchronous`, SQLite only. Default `NORMAL`.
    pub synchronous: Synchronous,
    /// `OPTIONS.sslmode`, PostgreSQL only.
    pub sslmode: Option<SslMode>,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("engine", &self.engine)
            .field("name", &self.name)
            .field("user", &self.user)
            .field("password", &MASK)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("pool_size", &self.pool_size)
            .field("timeout", &self.timeout)
            .field("synchronous", &self.synchronous)
            .field("sslmode", &self.sslmode)
            .finish()
    }
}

/// The kind of a database.
///
/// # Examples
///
/// ```
/// use nuages::settings::{DatabaseEngine, Settings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\n[DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// // [DATABASES.default]
/// // ENGINE = "sqlite3"
/// assert_eq!(settings.databases["default"].engine, DatabaseEngine::Sqlite);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseEngine {
    /// `sqlite3`, `django.db.backends.sqlite3`
    Sqlite,
    /// `postgresql`, `django.db.backends.postgresql`
    Postgresql,
}

impl Choice for DatabaseEngine {
    const CHOICES: &'static [(Self, Word)] = &[
        (DatabaseEngine::Sqlite, Word::dotted("sqlite3", "django.db.backends.sqlite3")),
        (DatabaseEngine::Postgresql, Word::dotted("postgresql", "django.db.backends.postgresql")),
    ];
}

/// SQLite's `PRAGMA synchronous`: what an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// `NORMAL`: the death of the process.
    Normal,
    /// `FULL`: a power cut too.
    Full,
}

impl Choice for Synchronous {
    const CHOICES: &'static [(Self, Word)] =
        &[(Synchronous::Normal, Word::new("NORMAL")), (Synchronous::Full, Word::new("FULL"))];
}

/// PostgreSQL's `sslmode`: whether to use TLS and what to verify
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
///
/// # Examples
///
/// ```
/// use nuages::settings::SslMode;
///
/// assert_eq!(SslMode::VerifyFull.as_str(), "verify-full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// `disable`: no TLS.
    Disable,
    /// `allow`: TLS only if the server insists.
    Allow,
    /// `prefer`: TLS if the server offers it.
    Prefer,
    /// `require`: TLS, without verifying the server.
    Require,
    /// `verify-ca`: TLS with a certificate that a trusted authority signed.
    VerifyCa,
    /// `verify-full`: the same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    /// The word that libpq and `settings.toml` use.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Choice for SslMode {
    const CHOICES: &'static [(Self, Word)] = &[
        (SslMode::Disable, Word::new("disable")),
        (SslMode::Allow, Word::new("allow")),
        (SslMode::Prefer, Word::new("prefer")),
        (SslMode::Require, Word::new("require")),
        (SslMode::VerifyCa, Word::new("verify-ca")),
        (SslMode::VerifyFull, Word::new("verify-full")),
    ];
}

impl DatabaseSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>, base_dir: &Path) -> Self {
        let reader = reader.area("databases");
        let engine = reader.required_choice("ENGINE", DatabaseEngine::Sqlite, "The kind of the database.");
        let name = reader.required_text("NAME", "SQLite: the file, or `:memory:`. PostgreSQL: the name of the database.");
        let is_file = engine == DatabaseEngine::Sqlite && !name.is_empty() && name != ":memory:";
        let path = is_file.then(|| base_dir.join(&name));
        Self {
            engine,
            name: path.as_ref().map_or(name, |path| path.display().to_string()),
            path,
            user: reader.text("USER", "", "PostgreSQL: the user who connects."),
            password: reader.secret("PASSWORD", Is(""), "PostgreSQL: the user's password."),
            host: reader.text("HOST", "", "PostgreSQL: the server's name or address, or the folder of a Unix socket; empty is this machine."),
            port: reader.port("PORT", "PostgreSQL: the port; 0 is the usual one."),
            pool_size: reader.maybe_count("CONN_POOL_SIZE", 1..=MOST, Unset("4 for each processor"), "Not in Django: the greatest number of connections."),
            timeout: reader.duration("OPTIONS.timeout", 5, "How long to wait for a lock or a connection."),
            synchronous: reader.choice("OPTIONS.synchronous", Synchronous::Normal, "SQLite: `FULL` keeps acknowledged writes through a power cut too."),
            sslmode: reader.maybe_choice("OPTIONS.sslmode", Unset("none"), "PostgreSQL: whether to use TLS, in libpq's words."),
        }
    }

    pub(super) fn check(&self, alias: &str, checks: &mut Checks<'_>) {
        let name = |entry: &str| format!("DATABASES.{alias}.{entry}");
        if !checks.is_sound(&name("ENGINE")) {
            return;
        }
        if self.name.is_empty() {
            checks.error(&name("NAME"), "empty: expected the name of the database");
        }
        let because = format!("ENGINE = \"{}\"", self.engine.word());
        match self.engine {
            DatabaseEngine::Sqlite => {
                checks.unused(&name("USER"), &because, !self.user.is_empty());
                checks.unused(&name("PASSWORD"), &because, !self.password.is_empty());
                checks.unused(&name("HOST"), &because, !self.host.is_empty());
                checks.unused(&name("PORT"), &because, self.port != 0);
                checks.unused(&name("OPTIONS.sslmode"), &because, true);
            }
            DatabaseEngine::Postgresql => checks.unused(&name("OPTIONS.synchronous"), &because, true),
        }
    }
}
