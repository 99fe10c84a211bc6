//! How a cache names its entries and how long they live: `KEY_PREFIX`, `VERSION` and `TIMEOUT`.

use std::time::Duration;

use super::Ttl;
use crate::settings::CacheSettings;

/// The longest time to live that a server is told: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The part of a cache's settings that every backend shares.
///
/// # Examples
///
/// ```
/// use nuages::cache::KeySpace;
///
/// assert_eq!(KeySpace::new("site", 2).wire("greeting"), "site:2:greeting");
/// ```
#[derive(Clone, Debug)]
pub struct KeySpace {
    lead: String,
    timeout: Option<Duration>,
}

/// A time to live after the defaults are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// No end.
    Endless,
    /// So long, at least a millisecond.
    For(Duration),
    /// Over before it began.
    Over,
}

impl KeySpace {
    /// Keys under Django's `KEY_PREFIX` and `VERSION`, with Django's `TIMEOUT` of 300 s.
    pub fn new(key_prefix: &str, version: u32) -> Self {
        Self { lead: format!("{key_prefix}:{version}:"), timeout: Some(Duration::from_secs(300)) }
    }

    /// Sets how long an entry written with [`Ttl::Default`] lives; `None` = until it is deleted.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// As one entry of `CACHES` says.
    pub fn from_settings(settings: &CacheSettings) -> Self {
        Self::new(&settings.key_prefix, settings.version).timeout(settings.timeout)
    }

    /// The key as the server sees it: Django's `make_key` (django/core/cache/backends/base.py).
    pub fn wire(&self, key: &str) -> String {
        [&self.lead, key].concat()
    }

    /// The caller's key in a key as the server sees it.
    pub(super) fn strip<'a>(&self, wire: &'a str) -> Option<&'a str> {
        wire.strip_prefix(&self.lead)
    }

    pub(super) fn life(&self, ttl: Ttl) -> Life {
        let duration = match ttl {
            Ttl::Default => self.timeout,
            Ttl::After(duration) => Some(duration),
            Ttl::Never => None,
        };
        match duration {
            None => Life::Endless,
            Some(Duration::ZERO) => Life::Over,
            Some(duration) => Life::For(duration.clamp(Duration::from_millis(1), LONGEST)),
        }
    }
}
