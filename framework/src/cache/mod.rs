//! Caches: bytes under keys, in this process (`locmem`) or on a Redis server (`redis`).
//!
//! [`Caches`] holds one [`CacheStore`] for each alias of `CACHES`; sessions and projects ask it.
//! Values are not pickled, so that a cache is not shared with Django, but keys are named as Django's.

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
    settings::{CacheBackend, CacheSettings, ConfigError, Settings, SettingsErrors},
};

/// The caches of a project, by alias. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    stores: BTreeMap<String, Arc<dyn CacheStore>>,
}

impl Caches {
    /// One cache for each entry of `CACHES`. No socket is opened before a cache's first use.
    ///
    /// # Errors
    ///
    /// Every entry that cannot be used: a server's address that does not parse, or a backend that
    /// needs a cargo feature which was not built.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, SettingsErrors> {
        let mut caches = Self::default();
        let mut errors = SettingsErrors::default();
        let mut local: BTreeMap<&[String], Locmem> = BTreeMap::new();
        for (alias, entry) in &settings.caches {
            let store: Result<Arc<dyn CacheStore>, SettingsErrors> = match entry.backend {
                CacheBackend::Locmem => {
                    let keys = KeySpace::from_settings(entry);
                    // As in Django, entries with one LOCATION are views of one store.
                    let first = local.entry(&entry.location).or_insert_with(|| {
                        let alike = settings.caches.values().filter(|other| {
                            other.backend == CacheBackend::Locmem && other.location == entry.location
                        });
                        let max_entries = alike.map(|other| other.max_entries).max();
                        Locmem::new(KeySpace::new("", 1), max_entries.unwrap_or_default(), clock.clone())
                    });
                    Ok(Arc::new(first.view(keys)))
                }
                CacheBackend::Redis => open_redis(alias, entry),
            };
            match store {
                Ok(store) => caches = caches.with(alias, store),
                Err(error) => errors.0.extend(error.0),
            }
        }
        errors.or(caches)
    }

    /// Adds a cache of one's own, or replaces one.
    #[must_use]
    pub fn with(mut self, alias: impl Into<String>, store: Arc<dyn CacheStore>) -> Self {
        self.stores.insert(alias.into(), store);
        self
    }

    /// The cache named `alias`.
    pub fn get(&self, alias: &str) -> Option<&Arc<dyn CacheStore>> {
        self.stores.get(alias)
    }

    /// The names of the caches.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.stores.keys().map(String::as_str)
    }
}

#[cfg(feature = "redis")]
fn open_redis(alias: &str, entry: &CacheSettings) -> Result<Arc<dyn CacheStore>, SettingsErrors> {
    let setting = format!("CACHES.{alias}.LOCATION");
    let [location] = entry.location.as_slice() else {
        let error = ConfigError::new(setting, "expected the URL of one server, redis://host:port/db")
            .with_hint("name the primary alone: replicas answer with old values");
        return Err(error.into());
    };
    match Redis::open(location, KeySpace::from_settings(entry)) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => {
            let value = format!("{:?}", error.location());
            Err(ConfigError::new(setting, error.reason()).with_value(value).into())
        }
    }
}

#[cfg(not(feature = "redis"))]
fn open_redis(alias: &str, _: &CacheSettings) -> Result<Arc<dyn CacheStore>, SettingsErrors> {
    let setting = format!("CACHES.{alias}.BACKEND");
    Err(ConfigError::new(setting, "needs the cargo feature `redis`").with_value("\"redis\"").into())
}
