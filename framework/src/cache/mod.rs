//! Caches: bytes under keys, in this process (`locmem`) or on a Redis server (`redis`).
//!
//! [`Caches`] holds one [`CacheStore`] for each alias of `CACHES`. The session engines use them, and so
//! can a project. Keys are named as in Django; values are not: Django stores Python pickles, which
//! Nuages neither reads nor writes.

mod error;
mod keyspace;
mod locmem;
#[cfg(feature = "redis")]
mod redis;
mod store;

use std::{collections::BTreeMap, sync::Arc};

#[cfg(feature = "redis")]
pub use self::redis::{LocationError, Redis};
pub use error::CacheError;
pub use keyspace::KeySpace;
pub use locmem::Locmem;
pub use store::{CacheFuture, CacheStore, Cursor, Moved, Page, Ttl};

use crate::{
    Clock,
    settings::{CacheBackend, CacheSettings, Settings, SettingsErrors},
};

/// The caches of a project, by alias. Cheap to clone.
///
/// # Examples
///
/// ```
/// use nuages::{Clock, cache::{Caches, Ttl}, settings::Settings};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> nuages::Result<()> {
/// let text = r#"
/// SECRET_KEY = "an example of a key that has fifty characters, as it should"
/// DEBUG = true
///
/// [CACHES.default]
/// BACKEND = "locmem"
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// let caches = Caches::open(&settings, Clock::system())?;
/// if let Some(cache) = caches.get("default") {
///     cache.set("greeting", "hello".into(), Ttl::Default).await?;
///     assert_eq!(cache.get("greeting").await?.as_deref(), Some(&b"hello"[..]));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Caches {
    stores: BTreeMap<String, Arc<dyn CacheStore>>,
}

impl Caches {
    /// Makes a cache of each entry of `CACHES`. Connects to a server at the first use, not here.
    ///
    /// # Errors
    ///
    /// Every entry that cannot be used, all of them together: an address that does not parse, or a
    /// backend whose cargo feature is not enabled.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, SettingsErrors> {
        let mut caches = Self::default();
        let mut errors = SettingsErrors::default();
        for (alias, entry) in &settings.caches {
            let keys = KeySpace::from_settings(entry);
            let store = match entry.backend {
                CacheBackend::Locmem => Arc::new(Locmem::new(keys, entry.max_entries, clock.clone())),
                CacheBackend::Redis => match open_redis(settings, alias, entry, keys) {
                    Ok(store) => store,
                    Err(found) => {
                        errors.0.extend(found.0);
                        continue;
                    }
                },
            };
            caches = caches.with(alias, store);
        }
        errors.or(caches)
    }

    /// Adds a custom cache, or replaces the one with this alias.
    #[must_use]
    pub fn with(mut self, alias: impl Into<String>, store: Arc<dyn CacheStore>) -> Self {
        self.stores.insert(alias.into(), store);
        self
    }

    /// The cache with this alias, if there is one.
    pub fn get(&self, alias: &str) -> Option<&Arc<dyn CacheStore>> {
        self.stores.get(alias)
    }

    /// The aliases of all caches, sorted.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.stores.keys().map(String::as_str)
    }
}

#[cfg(feature = "redis")]
fn open_redis(
    settings: &Settings,
    alias: &str,
    entry: &CacheSettings,
    keys: KeySpace,
) -> Result<Arc<dyn CacheStore>, SettingsErrors> {
    let wrong = |message: &str| settings.error(&format!("CACHES.{alias}.LOCATION"), message);
    let [location] = entry.location.as_slice() else {
        return Err(wrong("expected the URL of one server")
            .with_hint("name the primary alone: replicas answer with old values")
            .into());
    };
    match Redis::open(location, keys) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(wrong(error.reason()).into()),
    }
}

#[cfg(not(feature = "redis"))]
fn open_redis(
    settings: &Settings,
    alias: &str,
    _: &CacheSettings,
    _: KeySpace,
) -> Result<Arc<dyn CacheStore>, SettingsErrors> {
    Err(settings.error(&format!("CACHES.{alias}.BACKEND"), "needs the cargo feature `redis`").into())
}
