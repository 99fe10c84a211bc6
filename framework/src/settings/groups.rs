//! The parts of [`Settings`](super::Settings): one struct for each family of names.
//!
//! Plain data that the loader fills and every higher floor reads.

use std::{fmt, path::PathBuf, time::Duration};

use super::redact::{self, MASK};

/// `SESSION_*`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionSettings {
    /// `SESSION_ENGINE`: a short name (`db`, `cache`, `cached_db`, `file`, `signed_cookies`) or a name
    /// registered by the project. Django's dotted names are turned into the short ones.
    pub engine: String,
    /// `SESSION_CACHE_ALIAS`. Default `default`.
    pub cache_alias: String,
    /// `SESSION_COOKIE_AGE`. Default two weeks.
    pub cookie_age: Duration,
    /// `SESSION_COOKIE_DOMAIN`.
    pub cookie_domain: Option<String>,
    /// `SESSION_COOKIE_HTTPONLY`. Default true.
    pub cookie_httponly: bool,
    /// `SESSION_COOKIE_NAME`. Default `sessionid`.
    pub cookie_name: String,
    /// `SESSION_COOKIE_PATH`. Default `/`.
    pub cookie_path: String,
    /// `SESSION_COOKIE_SAMESITE`. Default Lax.
    pub cookie_samesite: Option<SameSite>,
    /// `SESSION_COOKIE_SECURE`. Default false.
    pub cookie_secure: bool,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`. Default false.
    pub expire_at_browser_close: bool,
    /// `SESSION_FILE_PATH`. Default the system's temporary folder.
    pub file_path: PathBuf,
    /// `SESSION_SAVE_EVERY_REQUEST`. Default false.
    pub save_every_request: bool,
    /// `SESSION_ABSOLUTE_AGE`: a session ends this long after its creation. Default none.
    pub absolute_age: Option<Duration>,
    /// `SESSION_RENEW_AFTER`: an active session is saved again at most this often. Default none.
    pub renew_after: Option<Duration>,
    /// `SESSION_HASH_KEYS`. Default false.
    pub hash_keys: bool,
    /// `SESSION_INTERRUPTED = "error"`: a session deleted by another request meanwhile is a 400, as in
    /// Django. Default false: the write is dropped and the view's answer stands.
    pub interrupted_is_error: bool,
}

/// The `SameSite` attribute of a cookie (RFC 6265bis section 4.1.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
    /// `None`
    None,
}

/// One entry of `DATABASES`.
#[derive(Clone)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// `ENGINE`.
    pub engine: DatabaseEngine,
    /// `NAME`: for SQLite a path, made absolute (or `:memory:`), else the database's name.
    pub name: String,
    /// `USER`.
    pub user: String,
    /// `PASSWORD`.
    pub password: String,
    /// `HOST`: a name, an address, or the folder of a Unix socket.
    pub host: String,
    /// `PORT`. 0 = the engine's default.
    pub port: u16,
    /// `CONN_POOL_SIZE`: connections at most. Default 4 times the processors for readers.
    pub pool_size: Option<u32>,
    /// `OPTIONS.timeout`: how long to wait for a lock or a connection. Default 5 s.
    pub timeout: Duration,
    /// `OPTIONS.synchronous`, SQLite only: `NORMAL` (default) or `FULL`.
    pub synchronous: Synchronous,
    /// `OPTIONS.sslmode`, PostgreSQL only.
    pub sslmode: Option<String>,
}

/// The password is masked.
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

/// SQLite's `PRAGMA synchronous`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// Durable against the death of the process.
    Normal,
    /// Durable against power loss too.
    Full,
}

/// A database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseEngine {
    /// `sqlite3`, `django.db.backends.sqlite3`
    Sqlite,
    /// `postgresql`, `django.db.backends.postgresql`
    Postgresql,
}

/// One entry of `CACHES`.
#[derive(Clone)]
#[non_exhaustive]
pub struct CacheSettings {
    /// `BACKEND`.
    pub backend: CacheBackend,
    /// `LOCATION`: Redis URLs (`redis://`, `rediss://`, `unix://`).
    pub location: Vec<String>,
    /// `KEY_PREFIX`. Default empty.
    pub key_prefix: String,
    /// `VERSION`. Default 1.
    pub version: u32,
    /// `TIMEOUT` of entries written without one. Default 300 s; none = never.
    pub timeout: Option<Duration>,
    /// `OPTIONS.MAX_ENTRIES`, locmem only. Default 100,000.
    pub max_entries: usize,
}

/// Credentials in the URLs are masked.
impl fmt::Debug for CacheSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location: Vec<_> = self.location.iter().map(|url| redact::without_credentials(url)).collect();
        f.debug_struct("CacheSettings")
            .field("backend", &self.backend)
            .field("location", &location)
            .field("key_prefix", &self.key_prefix)
            .field("version", &self.version)
            .field("timeout", &self.timeout)
            .field("max_entries", &self.max_entries)
            .finish()
    }
}

/// A cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheBackend {
    /// `locmem`, `django.core.cache.backends.locmem.LocMemCache`
    Locmem,
    /// `redis`, `django.core.cache.backends.redis.RedisCache`
    Redis,
}

/// What the security and clickjacking middleware send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// `SECURE_SSL_REDIRECT`. Default false.
    pub ssl_redirect: bool,
    /// `SECURE_SSL_HOST`.
    pub ssl_host: Option<String>,
    /// `SECURE_REDIRECT_EXEMPT`: path prefixes that are not redirected.
    pub redirect_exempt: Vec<String>,
    /// `SECURE_PROXY_SSL_HEADER`: a header's name and the value that means HTTPS.
    pub proxy_ssl_header: Option<(String, String)>,
    /// `SECURE_HSTS_SECONDS`. Default 0: not sent.
    pub hsts: Duration,
    /// `SECURE_HSTS_INCLUDE_SUBDOMAINS`. Default false.
    pub hsts_include_subdomains: bool,
    /// `SECURE_HSTS_PRELOAD`. Default false.
    pub hsts_preload: bool,
    /// `SECURE_CONTENT_TYPE_NOSNIFF`. Default true.
    pub content_type_nosniff: bool,
    /// `SECURE_REFERRER_POLICY`. Default `same-origin`.
    pub referrer_policy: Option<String>,
    /// `SECURE_CROSS_ORIGIN_OPENER_POLICY`. Default `same-origin`.
    pub cross_origin_opener_policy: Option<String>,
    /// `X_FRAME_OPTIONS`. Default `DENY`.
    pub x_frame_options: String,
    /// `USE_X_FORWARDED_HOST`. Default false.
    pub use_x_forwarded_host: bool,
}

/// `CSRF_*`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CsrfSettings {
    /// `CSRF_COOKIE_NAME`. Default `csrftoken`.
    pub cookie_name: String,
    /// `CSRF_COOKIE_AGE`. Default one year (31,449,600 s).
    pub cookie_age: Option<Duration>,
    /// `CSRF_COOKIE_DOMAIN`.
    pub cookie_domain: Option<String>,
    /// `CSRF_COOKIE_HTTPONLY`. Default false.
    pub cookie_httponly: bool,
    /// `CSRF_COOKIE_PATH`. Default `/`.
    pub cookie_path: String,
    /// `CSRF_COOKIE_SAMESITE`. Default Lax.
    pub cookie_samesite: Option<SameSite>,
    /// `CSRF_COOKIE_SECURE`. Default false.
    pub cookie_secure: bool,
    /// `CSRF_HEADER_NAME`, as sent: default `X-CSRFToken`.
    pub header_name: String,
    /// `CSRF_TRUSTED_ORIGINS`.
    pub trusted_origins: Vec<String>,
}

/// Limits and timeouts (security.md's HTTP server table); all of them are settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerSettings {
    /// `SERVER_HEADER_TIMEOUT`. Default 10 s.
    pub header_timeout: Duration,
    /// `SERVER_KEEP_ALIVE_TIMEOUT`. Default 75 s.
    pub keep_alive_timeout: Duration,
    /// `SERVER_BODY_TIMEOUT`: without progress. Default 30 s.
    pub body_timeout: Duration,
    /// `SERVER_WRITE_TIMEOUT`: without progress. Default 30 s.
    pub write_timeout: Duration,
    /// `GRACEFUL_TIMEOUT`: how long requests in flight may take after SIGTERM. Default 30 s.
    pub graceful_timeout: Duration,
    /// `SERVER_MAX_CONNECTIONS`. Default 10,000.
    pub max_connections: usize,
    /// `SERVER_MAX_REQUESTS`: requests worked on at once. Default 1,024.
    pub max_requests: usize,
    /// `SERVER_MAX_QUEUED_REQUESTS`: waiting beyond those; past it 503. Default 4,096.
    pub max_queued_requests: usize,
    /// `SERVER_QUEUE_TIMEOUT`: how long a request waits for its turn; then 503. Default 10 s.
    pub queue_timeout: Duration,
    /// `SERVER_BODY_MIN_RATE`: bytes a second that a body must arrive at, measured over
    /// `SERVER_BODY_TIMEOUT`. Default 500.
    pub body_min_rate: usize,
    /// `SERVER_BODY_DEADLINE`: how long the server waits for one body altogether. Default one hour.
    pub body_deadline: Duration,
    /// `SERVER_MAX_BODY_MEMORY`: bytes of all request bodies together. Default 268,435,456 (256 MiB).
    pub max_body_memory: usize,
    /// `SERVER_MAX_HEADER_BYTES`. Default 65,536.
    pub max_header_bytes: usize,
    /// `DATA_UPLOAD_MAX_MEMORY_SIZE`. Default 2,621,440; none = no limit.
    pub data_upload_max_memory_size: Option<usize>,
    /// `DATA_UPLOAD_MAX_NUMBER_FIELDS`. Default 1,000; none = no limit.
    pub data_upload_max_number_fields: Option<usize>,
}
