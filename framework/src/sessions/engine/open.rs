//! Makes the engine that `SESSION_ENGINE` names: the one match over the engines' names.

use std::{collections::BTreeMap, sync::Arc};

use super::{Engine, SessionEngine, deadline, keys::StoredKeys, queues::SaveQueues};
use crate::{
    BoxError, Clock,
    cache::{CacheStore, Caches},
    db::{Database, Databases},
    log_once::LogOnce,
    sessions::{
        backends::{
            self,
            file::{FileStore, FolderError},
        },
        codec::{COOKIE_SALT, Codec, STORE_SALT},
        session::{ExpiryPolicy, Session, SessionOrigin},
        store::{BoxedStore, SessionStore},
    },
    settings::{ConfigError, Settings, SettingsErrors},
};

/// The names of the built-in engines, in their short form.
pub const ENGINES: [&str; 5] = ["cache", "cached_db", "db", "file", "signed_cookies"];

/// Makes a custom store. `App::session_engine` registers it under an engine's name.
pub(crate) type StoreFactory = Arc<dyn Fn(&Settings) -> Result<Arc<dyn BoxedStore>, BoxError> + Send + Sync>;

/// A factory of stores of one type as a factory of any.
pub(crate) fn session_store_factory<F, S>(factory: F) -> StoreFactory
where
    F: Fn(&Settings) -> Result<S, BoxError> + Send + Sync + 'static,
    S: SessionStore,
{
    Arc::new(move |settings| Ok(Arc::new(factory(settings)?)))
}

/// The parts that engines are made of.
pub(crate) struct EngineParts<'a> {
    pub(crate) settings: &'a Settings,
    /// `None` if they cannot be opened. That error is reported elsewhere; the engine's own errors are
    /// reported together with it.
    pub(crate) databases: Option<&'a Databases>,
    /// `None` if they cannot be opened, as with `databases`.
    pub(crate) caches: Option<&'a Caches>,
    pub(crate) clock: Clock,
    /// The custom engines of the project.
    pub(crate) registered: &'a BTreeMap<String, StoreFactory>,
}

impl SessionEngine {
    /// Makes the engine that `SESSION_ENGINE` names from settings alone, for programs without an `App`.
    ///
    /// # Errors
    ///
    /// All settings that prevent the engine from being made.
    pub fn from_settings(settings: &Settings) -> Result<Self, SettingsErrors> {
        Self::from_settings_with_clock(settings, Clock::system())
    }

    /// As [`SessionEngine::from_settings`], with a clock that tests can move.
    ///
    /// # Errors
    ///
    /// All settings that prevent the engine from being made.
    pub fn from_settings_with_clock(settings: &Settings, clock: Clock) -> Result<Self, SettingsErrors> {
        match Caches::open(settings, clock.clone()) {
            Ok(caches) => Self::gather(settings, clock, Some(&caches), SettingsErrors::default()),
            Err(errors) => Self::gather(settings, clock, None, errors),
        }
    }

    /// As [`SessionEngine::from_settings_with_clock`], with these caches instead of those of `CACHES`.
    ///
    /// # Errors
    ///
    /// All settings that prevent the engine from being made.
    pub fn from_settings_with_caches(
        settings: &Settings,
        clock: Clock,
        caches: &Caches,
    ) -> Result<Self, SettingsErrors> {
        Self::gather(settings, clock, Some(caches), SettingsErrors::default())
    }

    fn gather(
        settings: &Settings,
        clock: Clock,
        caches: Option<&Caches>,
        mut errors: SettingsErrors,
    ) -> Result<Self, SettingsErrors> {
        let databases = Databases::open(settings)
            .map_err(|error| errors.0.push(ConfigError::new("DATABASES", error.to_string())))
            .ok();
        let registered = BTreeMap::new();
        let parts =
            EngineParts { settings, databases: databases.as_ref(), caches, clock, registered: &registered };
        match Self::open(&parts) {
            Ok(engine) => errors.or(engine),
            Err(error) => {
                errors.0.extend(error);
                Err(errors)
            }
        }
    }

    /// Makes an engine that keeps its sessions in `store`, with the signing and expiry rules of `settings`.
    pub fn with_store<S: SessionStore>(settings: &Settings, clock: Clock, store: S) -> Self {
        Self::build(settings, clock, &settings.session.engine, Some(Arc::new(store)))
    }

    /// Makes the engine. The error is `None` if only its database or its caches are at fault, which is
    /// reported elsewhere.
    pub(crate) fn open(parts: &EngineParts<'_>) -> Result<Self, Option<ConfigError>> {
        let name = parts.settings.session.engine.as_str();
        let zone = parts.settings.stored_time_zone();
        let store: Option<Arc<dyn BoxedStore>> = match name {
            "db" => Some(backends::db::open(parts.database()?, zone)),
            "cache" => {
                let cache = parts.cache()?.clone();
                Some(Arc::new(backends::cache::CacheSessions::new(cache, parts.clock.clone())))
            }
            "cached_db" => {
                let (database, cache) = (backends::db::open(parts.database()?, zone), parts.cache()?.clone());
                let clock = parts.clock.clone();
                Some(Arc::new(backends::cached_db::CachedDb::new(database, cache, clock)))
            }
            "file" => {
                let session = &parts.settings.session;
                let (path, prefix) = (session.file_path.clone(), session.cookie_name.clone());
                let store = FileStore::new(path, prefix, session.cookie_age, parts.end_reader());
                Some(Arc::new(store.map_err(|error| parts.unusable_folder(&error))?))
            }
            "signed_cookies" if parts.settings.session.hash_keys => {
                return Err(parts
                    .settings
                    .error("SESSION_HASH_KEYS", "the signed_cookies engine has no keys to hash")
                    .with_hint("remove it, or use another SESSION_ENGINE")
                    .into());
            }
            "signed_cookies" => None,
            name => match parts.registered.get(name) {
                Some(factory) => Some(factory(parts.settings).map_err(|error| {
                    parts.settings.error("SESSION_ENGINE", format!("the engine cannot be made: {error}"))
                })?),
                None => return Err(Some(parts.unknown(name))),
            },
        };
        Ok(Self::build(parts.settings, parts.clock.clone(), name, store))
    }

    fn build(settings: &Settings, clock: Clock, name: &str, store: Option<Arc<dyn BoxedStore>>) -> Self {
        let salt = if store.is_some() { STORE_SALT } else { COOKIE_SALT };
        let mut codec = Codec::new(settings, salt);
        if store.is_some() {
            // A cookie has a limit of its own, far below.
            codec = codec.with_max_bytes(settings.session.max_bytes);
        }
        Self(Arc::new(Engine {
            name: name.to_owned(),
            store,
            codec,
            policy: Arc::new(ExpiryPolicy::new(settings, clock)),
            keys: StoredKeys::new(settings),
            cookie_name: settings.session.cookie_name.clone(),
            queues: SaveQueues::new(),
            limit: deadline::limit(settings),
            damaged: LogOnce::default(),
        }))
    }
}

impl EngineParts<'_> {
    fn database(&self) -> Result<&Database, Option<ConfigError>> {
        let databases = self.databases.ok_or(None)?;
        databases.get("default").ok_or_else(|| {
            let error = ConfigError::new("DATABASES.default", "the session engine needs this database");
            let hint = "add [DATABASES.default] with ENGINE and NAME, or choose another SESSION_ENGINE";
            Some(error.with_hint(hint))
        })
    }

    fn cache(&self) -> Result<&Arc<dyn CacheStore>, Option<ConfigError>> {
        let alias = &self.settings.session.cache_alias;
        let caches = self.caches.ok_or(None)?;
        caches.get(alias).ok_or_else(|| {
            let known: Vec<&str> = caches.aliases().collect();
            let message = format!("CACHES has no {alias:?} (it has: {})", known.join(", "));
            Some(self.settings.error("SESSION_CACHE_ALIAS", message))
        })
    }

    /// Reads from a session's text when it ends, for stores that keep no moment beside it.
    fn end_reader(&self) -> backends::file::EndReader {
        let codec = Codec::new(self.settings, STORE_SALT);
        let policy = Arc::new(ExpiryPolicy::new(self.settings, self.clock.clone()));
        Box::new(move |text| {
            let decoded = codec.decode(text).ok()?;
            let saved_at = decoded.saved_at;
            let mut session = Session::with_policy(policy.clone(), SessionOrigin::New);
            session.fill(decoded);
            Some(session.ends(saved_at))
        })
    }

    fn unusable_folder(&self, error: &FolderError) -> ConfigError {
        let (setting, hint) = match error {
            FolderError::NameTooLong { .. } => {
                ("SESSION_COOKIE_NAME", "shorten it, or use another SESSION_ENGINE")
            }
            FolderError::WritableByAll { .. } => (
                "SESSION_FILE_PATH",
                "take the right to write from the others (chmod o-w), or choose a folder of your own",
            ),
        };
        self.settings.error(setting, error.to_string()).with_hint(hint)
    }

    fn unknown(&self, name: &str) -> ConfigError {
        let mut known: Vec<&str> =
            ENGINES.into_iter().chain(self.registered.keys().map(String::as_str)).collect();
        known.sort_unstable();
        let message = format!("no such engine (known: {})", known.join(", "));
        let error = self.settings.error("SESSION_ENGINE", message);
        let near = known.iter().map(|known| (strsim::jaro_winkler(known, name), known));
        match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((likeness, near)) if likeness > 0.8 => error.with_hint(format!("did you mean {near:?}?")),
            _ => error.with_hint("a project's own engine is registered with App::session_engine"),
        }
    }
}
