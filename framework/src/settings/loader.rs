//! Fills [`Settings`] from the tree: one line for each setting, then the checks. Called by `Settings` only.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Settings, check,
    error::{ConfigError, SettingsErrors},
    groups::{
        CacheBackend, CacheSettings, CsrfSettings, DatabaseEngine, DatabaseSettings, SameSite,
        SecuritySettings, ServerSettings, SessionSettings, Synchronous,
    },
    provenance,
    reader::Reader,
    source::Source,
    unknown,
};

/// Reads all settings, or finds all mistakes.
pub(super) fn load(source: Source, base_dir: &Path) -> Result<Settings, SettingsErrors> {
    let source = Arc::new(source);
    let (tree, faults) = source.tree();
    let mut errors = unknown::errors(&tree, &source);
    let mut reader = Reader::new(&tree, &source);
    let settings = read(&mut reader, base_dir, &source);
    errors.append(&mut reader.errors);
    // A tree with holes must not be blamed for what the holes swallowed.
    if faults.is_empty() {
        let found = check::errors(&settings, &errors);
        errors.extend(found);
    }
    errors.retain(|error| !faults.iter().any(|fault| fault.is_on_line_of(error)));
    errors.extend(faults);
    errors.sort_by(|a, b| a.place().cmp(&b.place()));
    SettingsErrors(errors).or(settings)
}

/// The error of a settings file that cannot be read.
pub(super) fn unreadable(path: &str, error: &io::Error) -> SettingsErrors {
    let found = match error.kind() {
        io::ErrorKind::NotFound => ConfigError::new("", format!("no settings file {path}")).with_hint(
            "run this in the project's folder, or name the file with --settings FILE or NUAGES_SETTINGS",
        ),
        _ => ConfigError::new("", format!("cannot read the settings file {path}: {error}")),
    };
    found.into()
}

fn read(reader: &mut Reader<'_>, base_dir: &Path, source: &Arc<Source>) -> Settings {
    let within = |paths: Vec<PathBuf>| paths.into_iter().map(|path| base_dir.join(path)).collect();
    let mut settings = Settings {
        base_dir: base_dir.to_owned(),
        secret_key: reader.text("SECRET_KEY"),
        secret_key_fallbacks: reader.list("SECRET_KEY_FALLBACKS"),
        debug: reader.flag("DEBUG"),
        allowed_hosts: reader.list("ALLOWED_HOSTS"),
        internal_ips: reader.list("INTERNAL_IPS"),
        append_slash: reader.flag("APPEND_SLASH"),
        prepend_www: reader.flag("PREPEND_WWW"),
        template_dirs: within(reader.paths("TEMPLATE_DIRS")),
        static_url: reader.text("STATIC_URL"),
        staticfiles_dirs: within(reader.paths("STATICFILES_DIRS")),
        session: session(reader, base_dir),
        databases: databases(reader, base_dir),
        caches: caches(reader),
        csrf: csrf(reader),
        security: security(reader),
        server: server(reader),
        source: Arc::clone(source),
        provenance: std::mem::take(&mut reader.provenance),
    };
    settings.provenance.extend(provenance::of_project(reader.tree, source));
    if !reader.is_set("STATICFILES_DIRS") {
        settings.staticfiles_dirs.retain(|folder| folder.is_dir());
    }
    settings
}

fn session(reader: &mut Reader<'_>, base_dir: &Path) -> SessionSettings {
    let settings = SessionSettings {
        engine: reader.text("SESSION_ENGINE"),
        cache_alias: reader.text("SESSION_CACHE_ALIAS"),
        cookie_age: reader.seconds("SESSION_COOKIE_AGE"),
        cookie_domain: reader.maybe_text("SESSION_COOKIE_DOMAIN"),
        cookie_httponly: reader.flag("SESSION_COOKIE_HTTPONLY"),
        cookie_name: reader.text("SESSION_COOKIE_NAME"),
        cookie_path: reader.text("SESSION_COOKIE_PATH"),
        cookie_samesite: samesite(reader, "SESSION_COOKIE_SAMESITE"),
        cookie_secure: reader.flag("SESSION_COOKIE_SECURE"),
        expire_at_browser_close: reader.flag("SESSION_EXPIRE_AT_BROWSER_CLOSE"),
        file_path: match reader.maybe_text("SESSION_FILE_PATH") {
            Some(path) => base_dir.join(path),
            None => std::env::temp_dir(),
        },
        save_every_request: reader.flag("SESSION_SAVE_EVERY_REQUEST"),
        absolute_age: reader.maybe_seconds("SESSION_ABSOLUTE_AGE"),
        renew_after: reader.maybe_seconds("SESSION_RENEW_AFTER"),
        hash_keys: reader.flag("SESSION_HASH_KEYS"),
        interrupted_is_error: reader.text("SESSION_INTERRUPTED") == "error",
    };
    // JSON is all that this accepts, and all that sessions are written as.
    reader.text("SESSION_SERIALIZER");
    settings
}

fn samesite(reader: &mut Reader<'_>, name: &str) -> Option<SameSite> {
    reader.maybe_text(name).map(|text| match text.as_str() {
        "Strict" => SameSite::Strict,
        "None" => SameSite::None,
        _ => SameSite::Lax,
    })
}

fn databases(reader: &mut Reader<'_>, base_dir: &Path) -> BTreeMap<String, DatabaseSettings> {
    let mut databases = BTreeMap::new();
    for alias in reader.aliases("DATABASES") {
        reader.alias.clone_from(&alias);
        require(reader, &["DATABASES.<alias>.ENGINE", "DATABASES.<alias>.NAME"]);
        let engine = match reader.text("DATABASES.<alias>.ENGINE").as_str() {
            "postgresql" => DatabaseEngine::Postgresql,
            _ => DatabaseEngine::Sqlite,
        };
        let name = reader.text("DATABASES.<alias>.NAME");
        let database = DatabaseSettings {
            engine,
            name: match engine {
                DatabaseEngine::Sqlite if !name.is_empty() && name != ":memory:" => {
                    base_dir.join(name).display().to_string()
                }
                _ => name,
            },
            user: reader.text("DATABASES.<alias>.USER"),
            password: reader.text("DATABASES.<alias>.PASSWORD"),
            host: reader.text("DATABASES.<alias>.HOST"),
            port: reader.count("DATABASES.<alias>.PORT"),
            pool_size: reader.maybe_count("DATABASES.<alias>.CONN_POOL_SIZE"),
            timeout: reader.seconds("DATABASES.<alias>.OPTIONS.timeout"),
            synchronous: match reader.text("DATABASES.<alias>.OPTIONS.synchronous").as_str() {
                "FULL" => Synchronous::Full,
                _ => Synchronous::Normal,
            },
            sslmode: reader.maybe_text("DATABASES.<alias>.OPTIONS.sslmode"),
        };
        databases.insert(alias, database);
    }
    databases
}

fn caches(reader: &mut Reader<'_>) -> BTreeMap<String, CacheSettings> {
    let mut aliases = reader.aliases("CACHES");
    let is_set = reader.is_set("CACHES");
    if !is_set {
        aliases.push("default".to_owned());
    }
    let mut caches = BTreeMap::new();
    for alias in aliases {
        reader.alias.clone_from(&alias);
        if is_set {
            require(reader, &["CACHES.<alias>.BACKEND"]);
        }
        let cache = CacheSettings {
            backend: match reader.text("CACHES.<alias>.BACKEND").as_str() {
                "redis" => CacheBackend::Redis,
                _ => CacheBackend::Locmem,
            },
            location: reader.list("CACHES.<alias>.LOCATION"),
            key_prefix: reader.text("CACHES.<alias>.KEY_PREFIX"),
            version: reader.count("CACHES.<alias>.VERSION"),
            timeout: reader.maybe_seconds("CACHES.<alias>.TIMEOUT"),
            max_entries: reader.count("CACHES.<alias>.OPTIONS.MAX_ENTRIES"),
        };
        caches.insert(alias, cache);
    }
    let backend = reader.provenance.iter_mut().find(|row| row.name == "CACHES.default.BACKEND");
    if let Some(row) = backend.filter(|_| !is_set) {
        row.value = "\"locmem\"".to_owned();
    }
    caches
}

/// Notes an error for each of these that is not set.
fn require(reader: &mut Reader<'_>, names: &[&str]) {
    for name in names {
        if !reader.is_set(name) {
            let error = reader.missing(name);
            reader.errors.push(error);
        }
    }
}

fn csrf(reader: &mut Reader<'_>) -> CsrfSettings {
    CsrfSettings {
        cookie_age: reader.maybe_seconds("CSRF_COOKIE_AGE"),
        cookie_domain: reader.maybe_text("CSRF_COOKIE_DOMAIN"),
        cookie_httponly: reader.flag("CSRF_COOKIE_HTTPONLY"),
        cookie_name: reader.text("CSRF_COOKIE_NAME"),
        cookie_path: reader.text("CSRF_COOKIE_PATH"),
        cookie_samesite: samesite(reader, "CSRF_COOKIE_SAMESITE"),
        cookie_secure: reader.flag("CSRF_COOKIE_SECURE"),
        header_name: reader.text("CSRF_HEADER_NAME"),
        trusted_origins: reader.list("CSRF_TRUSTED_ORIGINS"),
    }
}

fn security(reader: &mut Reader<'_>) -> SecuritySettings {
    SecuritySettings {
        ssl_redirect: reader.flag("SECURE_SSL_REDIRECT"),
        ssl_host: reader.maybe_text("SECURE_SSL_HOST"),
        redirect_exempt: reader.list("SECURE_REDIRECT_EXEMPT"),
        proxy_ssl_header: match <[String; 2]>::try_from(reader.list("SECURE_PROXY_SSL_HEADER")) {
            Ok([name, value]) => Some((name, value)),
            Err(_) => None,
        },
        hsts: reader.seconds("SECURE_HSTS_SECONDS"),
        hsts_include_subdomains: reader.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS"),
        hsts_preload: reader.flag("SECURE_HSTS_PRELOAD"),
        content_type_nosniff: reader.flag("SECURE_CONTENT_TYPE_NOSNIFF"),
        referrer_policy: reader.maybe_text("SECURE_REFERRER_POLICY"),
        cross_origin_opener_policy: reader.maybe_text("SECURE_CROSS_ORIGIN_OPENER_POLICY"),
        x_frame_options: reader.text("X_FRAME_OPTIONS"),
        use_x_forwarded_host: reader.flag("USE_X_FORWARDED_HOST"),
    }
}

fn server(reader: &mut Reader<'_>) -> ServerSettings {
    ServerSettings {
        data_upload_max_memory_size: reader.maybe_count("DATA_UPLOAD_MAX_MEMORY_SIZE"),
        data_upload_max_number_fields: reader.maybe_count("DATA_UPLOAD_MAX_NUMBER_FIELDS"),
        header_timeout: reader.seconds("SERVER_HEADER_TIMEOUT"),
        keep_alive_timeout: reader.seconds("SERVER_KEEP_ALIVE_TIMEOUT"),
        body_timeout: reader.seconds("SERVER_BODY_TIMEOUT"),
        write_timeout: reader.seconds("SERVER_WRITE_TIMEOUT"),
        graceful_timeout: reader.seconds("GRACEFUL_TIMEOUT"),
        max_connections: reader.count("SERVER_MAX_CONNECTIONS"),
        max_requests: reader.count("SERVER_MAX_REQUESTS"),
        max_queued_requests: reader.count("SERVER_MAX_QUEUED_REQUESTS"),
        queue_timeout: reader.seconds("SERVER_QUEUE_TIMEOUT"),
        body_min_rate: reader.count("SERVER_BODY_MIN_RATE"),
        body_deadline: reader.seconds("SERVER_BODY_DEADLINE"),
        max_body_memory: reader.count("SERVER_MAX_BODY_MEMORY"),
        max_header_bytes: reader.count("SERVER_MAX_HEADER_BYTES"),
    }
}
