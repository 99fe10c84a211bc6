//! Key names and times to live, as `KEY_PREFIX`, `VERSION` and `TIMEOUT` of `CACHES` set them.
//!
//! Every backend asks here, so that all of them name keys as Django does.

use std::time::Duration;

use super::Ttl;
use crate::settings::CacheSettings;

/// The longest time to live: a hundred years. Servers refuse times beyond their calendar.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The key prefix, version and default timeout of a cache.
///
/// # Examples
///
/// ```
/// use nuages::cache::KeySpace;
///
/// assert_eq!(KeySpace::new("site", 2).server_key("greeting"), "site:2:greeting");
/// ```
#[derive(Clone, Debug)]
pub struct KeySpace {
    /// `KEY_PREFIX:VERSION:`, put before every key.
    lead: String,
    timeout: Option<Duration>,
}

/// A time to live with the cache's default filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Lives until it is deleted or evicted.
    Endless,
    /// Expires after this duration, at least one millisecond.
    For(Duration),
    /// Expired: nothing is stored.
    Expired,
}

impl KeySpace {
    /// A key space with this `KEY_PREFIX` and `VERSION`, and with Django's default `TIMEOUT` of 300 s.
    pub fn new(key_prefix: &str, version: u32) -> Self {
        Self { lead: format!("{key_prefix}:{version}:"), timeout: Some(Duration::from_secs(300)) }
    }

    /// Sets how long entries written with [`Ttl::Default`] live; `None` keeps them until they are deleted.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// The key space that one entry of `CACHES` describes.
    pub fn from_settings(settings: &CacheSettings) -> Self {
        Self::new(&settings.key_prefix, settings.version).timeout(settings.timeout)
    }

    /// The key as the server stores it, as Django's `make_key` (django/core/cache/backends/base.py).
    pub fn server_key(&self, key: &str) -> String {
        [&self.lead, key].concat()
    }

    /// The caller's key of a server key; `None` for keys of other key spaces.
    pub(super) fn strip<'a>(&self, server_key: &'a str) -> Option<&'a str> {
        server_key.strip_prefix(&self.lead)
    }

    /// Replaces [`Ttl::Default`] by the cache's timeout.
    pub(super) fn life(&self, ttl: Ttl) -> Life {
        let duration = match ttl {
            Ttl::Default => self.timeout,
            Ttl::After(duration) => Some(duration),
            Ttl::Never => None,
        };
        match duration {
            None => Life::Endless,
            Some(Duration::ZERO) => Life::Expired,
            Some(duration) => Life::For(duration.clamp(Duration::from_millis(1), LONGEST)),
        }
    }
}
