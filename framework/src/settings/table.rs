//! The table of settings: every name that `settings.toml` knows, its kind, its default and a line of docs.
//!
//! The loader takes defaults from here, misspellings are told by it, and `docs/settings.md` is checked
//! against it. A setting that does nothing has no row.

use super::kind::Kind;

/// Stands in a row's name for whatever the project calls its database or cache.
pub(super) const ALIAS: &str = "<alias>";

/// The table of the project's own settings.
pub(super) const PROJECT: &str = "project";

/// One setting: a row of the table.
#[derive(Debug)]
pub struct Setting {
    name: &'static str,
    pub(super) kind: Kind,
    pub(super) default: Fallback,
    doc: &'static str,
}

/// What a setting is where nobody set it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// This, in TOML.
    Toml(&'static str),
    /// Nothing, or what these words say; the loader works it out.
    Words(&'static str),
}

impl Setting {
    /// Django's name, with dots into tables: `DATABASES.<alias>.NAME`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its value must be, in words.
    pub fn value_type(&self) -> String {
        let words = self.kind.describe();
        words.strip_prefix("a ").unwrap_or(&words).to_owned()
    }

    /// Its default as TOML, or in words.
    pub fn default_text(&self) -> &'static str {
        match self.default {
            Fallback::Toml(text) | Fallback::Words(text) => text,
        }
    }

    /// What it does, in a line.
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    fn begins_with(&self, path: &[impl AsRef<str>]) -> bool {
        let mut parts = self.name.split('.');
        path.iter().all(|name| parts.next().is_some_and(|part| part == ALIAS || part == name.as_ref()))
    }

    fn depth(&self) -> usize {
        self.name.split('.').count()
    }
}

/// Every setting that `settings.toml` knows.
///
/// # Examples
///
/// ```
/// let age = nuages::settings::known().find(|setting| setting.name() == "SESSION_COOKIE_AGE").unwrap();
/// assert_eq!(age.default_text(), "1209600");
/// ```
pub fn known() -> impl Iterator<Item = &'static Setting> {
    TABLE.iter()
}

/// The row of a name as the table writes it.
pub(super) fn row(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

/// The row of a value in the tree.
pub(super) fn find(path: &[impl AsRef<str>]) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.depth() == path.len() && setting.begins_with(path))
}

/// What may stand in the table that `path` leads to.
pub(super) fn names_below(path: &[impl AsRef<str>]) -> impl Iterator<Item = &'static str> {
    let below = TABLE.iter().filter(|setting| setting.begins_with(path));
    let project = path.is_empty().then_some(PROJECT);
    below.filter_map(|setting| setting.name.split('.').nth(path.len())).chain(project)
}

const SESSION_ENGINES: &[(&str, &str)] = &[
    ("db", "django.contrib.sessions.backends.db"),
    ("cache", "django.contrib.sessions.backends.cache"),
    ("cached_db", "django.contrib.sessions.backends.cached_db"),
    ("file", "django.contrib.sessions.backends.file"),
    ("signed_cookies", "django.contrib.sessions.backends.signed_cookies"),
];
const DATABASE_ENGINES: &[(&str, &str)] =
    &[("sqlite3", "django.db.backends.sqlite3"), ("postgresql", "django.db.backends.postgresql")];
const CACHE_BACKENDS: &[(&str, &str)] = &[
    ("locmem", "django.core.cache.backends.locmem.LocMemCache"),
    ("redis", "django.core.cache.backends.redis.RedisCache"),
];
const SSL_MODES: &[(&str, &str)] = &[
    ("disable", ""),
    ("allow", ""),
    ("prefer", ""),
    ("require", ""),
    ("verify-ca", ""),
    ("verify-full", ""),
];

const AGE: Kind = Kind::Seconds { least: 1, none: false };
const MAYBE_AGE: Kind = Kind::Seconds { least: 1, none: true };
const AMOUNT: Kind = Kind::Count { least: 1, most: u32::MAX as u64, none: false };
const MAYBE_AMOUNT: Kind = Kind::Count { least: 1, most: u32::MAX as u64, none: true };
const MAYBE_LIMIT: Kind = Kind::Count { least: 0, most: i64::MAX as u64, none: true };

const fn set(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind, default: Fallback::Toml(default), doc }
}

const fn unset(name: &'static str, kind: Kind, words: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind, default: Fallback::Words(words), doc }
}

#[rustfmt::skip] // one row a line, so that it reads as the table it is
static TABLE: &[Setting] = &[
    unset("SECRET_KEY", Kind::Secret, "required", "Signs sessions, cookies and tokens; keep it secret."),
    set("SECRET_KEY_FALLBACKS", Kind::Secrets, "[]", "Former secret keys: they verify, they never sign."),
    set("DEBUG", Kind::Flag, "false", "Shows error pages with details; never in production."),
    set("ALLOWED_HOSTS", Kind::List, "[]", "Hosts this site answers for; `.example.com` is with all subdomains, `*` is any."),
    set("INTERNAL_IPS", Kind::List, "[]", "Addresses of clients that may see debug pages, besides this machine's own."),
    set("APPEND_SLASH", Kind::Flag, "true", "Redirects a URL that matches nothing to the same with a slash, if that matches."),
    set("PREPEND_WWW", Kind::Flag, "false", "Redirects to the host with `www.` before it."),
    set("USE_X_FORWARDED_HOST", Kind::Flag, "false", "Takes the host from `X-Forwarded-Host`; only behind a proxy that sets it."),

    set("TEMPLATE_DIRS", Kind::Paths, r#"["templates"]"#, "Folders of templates, searched in this order."),
    set("STATIC_URL", Kind::Text, r#""static/""#, "Where static files are served; ends with a slash."),
    set("STATICFILES_DIRS", Kind::Paths, r#"["static"]"#, "Folders of static files, searched in this order."),

    set("SESSION_ENGINE", Kind::OpenChoice(SESSION_ENGINES), r#""db""#, "Where sessions are kept: `db`, `cache`, `cached_db`, `file`, `signed_cookies`, or a registered name."),
    set("SESSION_CACHE_ALIAS", Kind::Text, r#""default""#, "The cache that the engines `cache` and `cached_db` use."),
    set("SESSION_COOKIE_AGE", AGE, "1209600", "How long a session lasts: two weeks."),
    unset("SESSION_COOKIE_DOMAIN", Kind::OptionalText, "none", "The cookie's domain; none is this host only."),
    set("SESSION_COOKIE_HTTPONLY", Kind::Flag, "true", "Hides the cookie from JavaScript."),
    set("SESSION_COOKIE_NAME", Kind::Text, r#""sessionid""#, "The cookie's name."),
    set("SESSION_COOKIE_PATH", Kind::Text, r#""/""#, "The cookie's path."),
    set("SESSION_COOKIE_SAMESITE", Kind::SameSite, r#""Lax""#, "The cookie's SameSite attribute; false leaves it out."),
    set("SESSION_COOKIE_SECURE", Kind::Flag, "false", "Sends the cookie over HTTPS only."),
    set("SESSION_EXPIRE_AT_BROWSER_CLOSE", Kind::Flag, "false", "Makes the cookie end with the browser."),
    unset("SESSION_FILE_PATH", Kind::Path, "the system's temporary folder", "The folder of the engine `file`; it must exist."),
    set("SESSION_SAVE_EVERY_REQUEST", Kind::Flag, "false", "Saves each session and renews its cookie at every request."),
    set("SESSION_SERIALIZER", Kind::Serializer, r#""json""#, "How sessions are written: always as JSON."),
    unset("SESSION_ABSOLUTE_AGE", MAYBE_AGE, "none", "Nuages's own: ends a session this long after its creation, however active."),
    unset("SESSION_RENEW_AFTER", MAYBE_AGE, "none", "Nuages's own: saves an active session again once it is this old."),
    set("SESSION_HASH_KEYS", Kind::Flag, "false", "Nuages's own: stores keys as SHA-256; such sessions cannot be shared with Django."),
    set("SESSION_INTERRUPTED", Kind::Choice(&[("drop", ""), ("error", "")]), r#""drop""#, "Nuages's own: what a write does whose session another request deleted; `error` answers 400, as Django."),

    unset("DATABASES.<alias>.ENGINE", Kind::Choice(DATABASE_ENGINES), "required", "`sqlite3` or `postgresql`."),
    unset("DATABASES.<alias>.NAME", Kind::Text, "required", "The file (or `:memory:`) of SQLite, else the database's name."),
    set("DATABASES.<alias>.USER", Kind::Text, r#""""#, "PostgreSQL: who connects."),
    set("DATABASES.<alias>.PASSWORD", Kind::Secret, r#""""#, "PostgreSQL: the password."),
    set("DATABASES.<alias>.HOST", Kind::Text, r#""""#, "PostgreSQL: a name, an address or the folder of a Unix socket; empty is this machine."),
    set("DATABASES.<alias>.PORT", Kind::Port, "0", "PostgreSQL: the port; 0 is the usual one."),
    unset("DATABASES.<alias>.CONN_POOL_SIZE", MAYBE_AMOUNT, "4 for each processor", "Nuages's own: connections at most."),
    set("DATABASES.<alias>.OPTIONS.timeout", Kind::Time, "5", "How long to wait for a lock or a connection."),
    set("DATABASES.<alias>.OPTIONS.synchronous", Kind::Choice(&[("NORMAL", ""), ("FULL", "")]), r#""NORMAL""#, "SQLite: `FULL` keeps acknowledged writes through a power cut too."),
    unset("DATABASES.<alias>.OPTIONS.sslmode", Kind::Choice(SSL_MODES), "none", "PostgreSQL: whether to use TLS, in libpq's words."),

    unset("CACHES.<alias>.BACKEND", Kind::Choice(CACHE_BACKENDS), "required", "`locmem` (this process's memory) or `redis`."),
    set("CACHES.<alias>.LOCATION", Kind::Urls, "[]", "Redis: its URL (`redis://`, `rediss://` or `unix://`)."),
    set("CACHES.<alias>.KEY_PREFIX", Kind::Text, r#""""#, "Stands before every key, so that sites can share a server."),
    set("CACHES.<alias>.VERSION", Kind::Count { least: 0, most: u32::MAX as u64, none: false }, "1", "The version of keys; a new one makes old entries invisible."),
    set("CACHES.<alias>.TIMEOUT", Kind::Seconds { least: 0, none: true }, "300", "How long entries last that are written without a time; \"none\" is for ever."),
    set("CACHES.<alias>.OPTIONS.MAX_ENTRIES", AMOUNT, "100000", "locmem: entries at most (Django: 300)."),

    set("CSRF_COOKIE_AGE", MAYBE_AGE, "31449600", "How long the CSRF cookie lasts: a year; \"none\" ends it with the browser."),
    unset("CSRF_COOKIE_DOMAIN", Kind::OptionalText, "none", "The cookie's domain; none is this host only."),
    set("CSRF_COOKIE_HTTPONLY", Kind::Flag, "false", "Hides the cookie from JavaScript."),
    set("CSRF_COOKIE_NAME", Kind::Text, r#""csrftoken""#, "The cookie's name."),
    set("CSRF_COOKIE_PATH", Kind::Text, r#""/""#, "The cookie's path."),
    set("CSRF_COOKIE_SAMESITE", Kind::SameSite, r#""Lax""#, "The cookie's SameSite attribute; false leaves it out."),
    set("CSRF_COOKIE_SECURE", Kind::Flag, "false", "Sends the cookie over HTTPS only."),
    set("CSRF_HEADER_NAME", Kind::Header, r#""X-CSRFToken""#, "The request header with the token; `HTTP_X_CSRFTOKEN` is understood too."),
    set("CSRF_TRUSTED_ORIGINS", Kind::List, "[]", "Other origins that may post here, such as `https://*.example.com`."),

    set("SECURE_SSL_REDIRECT", Kind::Flag, "false", "Redirects HTTP to HTTPS."),
    unset("SECURE_SSL_HOST", Kind::OptionalText, "none", "The host that is redirected to; none is the request's."),
    set("SECURE_REDIRECT_EXEMPT", Kind::List, "[]", "Path prefixes that stay on HTTP (Django: regular expressions)."),
    unset("SECURE_PROXY_SSL_HEADER", Kind::HeaderPair, "none", "The header and value by which a proxy says that it was HTTPS; only behind a proxy that sets it."),
    set("SECURE_HSTS_SECONDS", Kind::Seconds { least: 0, none: false }, "0", "The max-age of `Strict-Transport-Security`; 0 sends none."),
    set("SECURE_HSTS_INCLUDE_SUBDOMAINS", Kind::Flag, "false", "Adds `includeSubDomains` to it."),
    set("SECURE_HSTS_PRELOAD", Kind::Flag, "false", "Adds `preload` to it."),
    set("SECURE_CONTENT_TYPE_NOSNIFF", Kind::Flag, "true", "Sends `X-Content-Type-Options: nosniff`."),
    set("SECURE_REFERRER_POLICY", Kind::OptionalText, r#""same-origin""#, "The `Referrer-Policy` header; \"none\" sends none."),
    set("SECURE_CROSS_ORIGIN_OPENER_POLICY", Kind::OptionalText, r#""same-origin""#, "The `Cross-Origin-Opener-Policy` header; \"none\" sends none."),
    set("X_FRAME_OPTIONS", Kind::Choice(&[("DENY", ""), ("SAMEORIGIN", "")]), r#""DENY""#, "The `X-Frame-Options` header."),

    set("DATA_UPLOAD_MAX_MEMORY_SIZE", MAYBE_LIMIT, "2621440", "Bytes of a request's body at most, files not counted."),
    set("DATA_UPLOAD_MAX_NUMBER_FIELDS", MAYBE_LIMIT, "1000", "Fields of a query or a form at most."),
    set("SERVER_HEADER_TIMEOUT", Kind::Time, "10", "Nuages's own: how long a request's head may take to arrive."),
    set("SERVER_KEEP_ALIVE_TIMEOUT", Kind::Time, "75", "Nuages's own: how long a connection may idle between requests."),
    set("SERVER_BODY_TIMEOUT", Kind::Time, "30", "Nuages's own: how long a body may make no progress."),
    set("SERVER_WRITE_TIMEOUT", Kind::Time, "30", "Nuages's own: how long a client may take nothing of a response."),
    set("GRACEFUL_TIMEOUT", Kind::Time, "30", "Nuages's own: how long requests in flight may take after SIGTERM."),
    set("SERVER_MAX_CONNECTIONS", AMOUNT, "10000", "Nuages's own: connections at once; more wait in the backlog."),
    set("SERVER_MAX_REQUESTS", AMOUNT, "1024", "Nuages's own: requests worked on at once."),
    set("SERVER_MAX_QUEUED_REQUESTS", Kind::Count { least: 0, most: u32::MAX as u64, none: false }, "4096", "Nuages's own: requests waiting beyond those; past them the answer is 503."),
    set("SERVER_QUEUE_TIMEOUT", Kind::Time, "10", "Nuages's own: how long a request waits for its turn; then the answer is 503."),
    set("SERVER_BODY_MIN_RATE", Kind::Count { least: 0, most: u32::MAX as u64, none: false }, "500", "Nuages's own: bytes a second that a body must arrive at, measured over SERVER_BODY_TIMEOUT; 0 for no limit."),
    set("SERVER_BODY_DEADLINE", Kind::Time, "3600", "Nuages's own: how long the server waits for one body altogether."),
    set("SERVER_MAX_BODY_MEMORY", Kind::Count { least: 1_048_576, most: u32::MAX as u64, none: false }, "268435456", "Nuages's own: bytes of all request bodies together; beyond them bodies wait."),
    set("SERVER_MAX_HEADER_BYTES", Kind::Count { least: 8192, most: u32::MAX as u64, none: false }, "65536", "Nuages's own: bytes of a request's head at most."),
];

#[cfg(test)]
mod tests {
    use toml::de::DeValue;

    use super::*;

    #[test]
    fn every_default_is_of_its_own_kind() {
        for setting in known() {
            if let Fallback::Toml(text) = setting.default {
                let value = DeValue::parse(text).unwrap_or_else(|e| panic!("{}: {e}", setting.name));
                assert!(setting.kind.read(value.get_ref()).is_ok(), "{} = {text}", setting.name);
            }
        }
    }

    #[test]
    fn rows_are_found_through_aliases() {
        let engine = find(&["DATABASES", "anything", "ENGINE"]).expect("known");
        assert_eq!(engine.name(), "DATABASES.<alias>.ENGINE");
        assert!(find(&["DATABASES", "anything"]).is_none());
        assert!(names_below(&["CACHES", "x", "OPTIONS"]).eq(["MAX_ENTRIES"]));
    }
}
