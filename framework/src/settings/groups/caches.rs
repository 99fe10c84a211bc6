//! `CACHES`: one table for each cache.

use std::{fmt, time::Duration};

use super::{
    checks::Checks,
    reader::Reader,
    values::{Fallback::Is, MOST},
};
use crate::settings::{
    schema::{Choice, Word},
    source::without_credentials,
};

/// One entry of `CACHES`. Its `Debug` masks the credentials in URLs.
///
/// # Examples
///
/// ```
/// use nuages::settings::{CacheBackend, Settings};
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     [CACHES.default]
///     BACKEND = "redis"
///     LOCATION = "redis://127.0.0.1:6379/0"
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.caches["default"].backend, CacheBackend::Redis);
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
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
    /// `TIMEOUT`: how long entries without their own timeout last. Default 300 s; none keeps them.
    pub timeout: Option<Duration>,
    /// `OPTIONS.MAX_ENTRIES`, locmem only. Default 100,000.
    pub max_entries: usize,
}

impl fmt::Debug for CacheSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location: Vec<_> = self.location.iter().map(|url| without_credentials(url)).collect();
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

/// The kind of a cache.
///
/// # Examples
///
/// ```
/// use nuages::settings::{CacheBackend, Settings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\nSESSION_ENGINE = 'cache'\n[CACHES.default]\nBACKEND = 'locmem'";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// // [CACHES.default]
/// // BACKEND = "locmem"
/// assert_eq!(settings.caches["default"].backend, CacheBackend::Locmem);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheBackend {
    /// `locmem`, `django.core.cache.backends.locmem.LocMemCache`: the memory of this process.
    Locmem,
    /// `redis`, `django.core.cache.backends.redis.RedisCache`: a Redis server.
    Redis,
}

impl Choice for CacheBackend {
    const CHOICES: &'static [(Self, Word)] = &[
        (CacheBackend::Locmem, Word::dotted("locmem", "django.core.cache.backends.locmem.LocMemCache")),
        (CacheBackend::Redis, Word::dotted("redis", "django.core.cache.backends.redis.RedisCache")),
    ];
}

impl CacheSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("caches");
        Self {
            backend: reader.required_choice("BACKEND", CacheBackend::Locmem, "`locmem` (the memory of this process) or `redis`."),
            location: reader.urls("LOCATION", "Redis: its URL (`redis://`, `rediss://` or `unix://`)."),
            key_prefix: reader.text("KEY_PREFIX", "", "Begins every key, so that several sites can share a server."),
            version: reader.count("VERSION", 0..=MOST, 1, "The version of keys. Another one makes all former entries invisible."),
            timeout: reader.maybe_seconds("TIMEOUT", 0, Is(300), "How long entries without their own timeout last; `\"none\"` keeps them."),
            max_entries: reader.count("OPTIONS.MAX_ENTRIES", 1..=MOST, 100_000, "locmem: the greatest number of entries (Django's default is 300)."),
        }
    }

    pub(super) fn check(&self, alias: &str, checks: &mut Checks<'_>) {
        let name = |entry: &str| format!("CACHES.{alias}.{entry}");
        if !checks.is_sound(&name("BACKEND")) {
            return;
        }
        let because = format!("BACKEND = \"{}\"", self.backend.word());
        match self.backend {
            CacheBackend::Locmem => {
                checks.unused(&name("LOCATION"), &because, !self.location.is_empty());
            }
            CacheBackend::Redis => {
                checks.unused(&name("OPTIONS.MAX_ENTRIES"), &because, true);
                if self.location.is_empty() {
                    let hint = "such as LOCATION = \"redis://127.0.0.1:6379/0\"";
                    let message = "missing: expected the URL of the Redis server";
                    checks.error_with_hint(&name("LOCATION"), message, hint);
                } else if !self.location.iter().all(|url| is_redis_url(url)) {
                    let message = "expected a URL that begins with redis://, rediss:// or unix://";
                    checks.error(&name("LOCATION"), message);
                }
            }
        }
    }
}

fn is_redis_url(url: &str) -> bool {
    ["redis://", "rediss://", "unix://"].iter().any(|scheme| url.starts_with(scheme))
}
