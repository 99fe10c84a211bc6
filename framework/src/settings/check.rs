//! What settings must be together, beyond each one's kind. Run by the loader once all values are read.
//!
//! Whether an engine's name is known, and whether the aliases that settings mention exist, is found by
//! those who open them.

use super::{
    Settings, check_cookies,
    error::{ConfigError, Origin},
    groups::{CacheBackend, DatabaseEngine},
};

/// Every mistake that only shows when values are compared. `so_far` are those already found.
pub(super) fn errors(settings: &Settings, so_far: &[ConfigError]) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    secrets(settings, &mut errors);
    hosts(settings, &mut errors);
    check_cookies::errors(settings, &mut errors);
    sessions(settings, &mut errors);
    databases(settings, so_far, &mut errors);
    caches(settings, so_far, &mut errors);
    security(settings, &mut errors);
    errors.retain(|found| so_far.iter().all(|error| !error.is_about(&found.setting)));
    errors
}

fn secrets(settings: &Settings, errors: &mut Vec<ConfigError>) {
    if settings.secret_key.is_empty() {
        let state = if settings.origin("SECRET_KEY") == Origin::Default { "missing" } else { "empty" };
        let error = settings.error("SECRET_KEY", format!("{state}: expected a text that nobody can guess"));
        errors.push(error.with_hint("take 50 random characters, as `manage startproject` does"));
    }
    if settings.secret_key_fallbacks.iter().any(String::is_empty) {
        errors
            .push(settings.error("SECRET_KEY_FALLBACKS", "one of them is empty: anybody could sign with it"));
    }
}

fn hosts(settings: &Settings, errors: &mut Vec<ConfigError>) {
    if settings.allowed_hosts.is_empty() && !settings.debug {
        let error = settings.error("ALLOWED_HOSTS", "must name this site's hosts while DEBUG is false");
        errors.push(error.with_hint("write ALLOWED_HOSTS = [\"www.example.com\"], or DEBUG = true at home"));
    }
    for host in &settings.allowed_hosts {
        let is_address = host.starts_with('[') && host.ends_with(']');
        let name = host.strip_prefix('.').unwrap_or(host);
        let is_name = !name.is_empty() && !name.contains(['/', ':', '*', '@', ',', ' ']);
        if host == "*" || is_address || is_name {
            continue;
        }
        let error = settings.error("ALLOWED_HOSTS", format!("{host:?} is no host"));
        errors.push(
            error.with_hint(match host.strip_prefix("*.") {
                Some(domain) => format!("write \".{domain}\": it is the domain with all its subdomains"),
                None => "a host stands alone, such as \"example.com\", \".example.com\" or \"[::1]\": \
                     no scheme, no port, no path"
                    .to_owned(),
            }),
        );
    }
    for address in &settings.internal_ips {
        if address.parse::<std::net::IpAddr>().is_err() {
            errors.push(settings.error("INTERNAL_IPS", format!("{address:?} is no IP address")));
        }
    }
}

fn sessions(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let session = &settings.session;
    if session.engine == "file" && !session.file_path.is_dir() {
        let message = format!("no such folder: {}", session.file_path.display());
        let error = settings.error("SESSION_FILE_PATH", message);
        errors.push(error.with_hint(
            "the session engine \"file\" keeps sessions there: create the folder, or name another that exists",
        ));
    }
    if session.renew_after.is_some_and(|after| after >= session.cookie_age) {
        let message = "must be less than SESSION_COOKIE_AGE: the session has ended by then";
        errors.push(settings.error("SESSION_RENEW_AFTER", message));
    }
}

fn databases(settings: &Settings, so_far: &[ConfigError], errors: &mut Vec<ConfigError>) {
    if !settings.databases.is_empty() && !settings.databases.contains_key("default") {
        let error = settings.error("DATABASES", "none of the databases is called default");
        errors.push(
            error.with_hint("write [DATABASES.default]: it is the one that is used where none is named"),
        );
    }
    for (alias, database) in &settings.databases {
        let name = |entry: &str| format!("DATABASES.{alias}.{entry}");
        if so_far.iter().any(|error| error.is_about(&name("ENGINE"))) {
            continue;
        }
        if database.name.is_empty() {
            errors.push(settings.error(&name("NAME"), "empty: expected the name of the database"));
        }
        let sqlite = database.engine == DatabaseEngine::Sqlite;
        let useless: [(&str, bool); 6] = [
            ("USER", sqlite && !database.user.is_empty()),
            ("PASSWORD", sqlite && !database.password.is_empty()),
            ("HOST", sqlite && !database.host.is_empty()),
            ("PORT", sqlite && database.port != 0),
            ("OPTIONS.sslmode", sqlite),
            ("OPTIONS.synchronous", !sqlite),
        ];
        let engine = if sqlite { "sqlite3" } else { "postgresql" };
        useless_entries(settings, "DATABASES", alias, &format!("ENGINE = \"{engine}\""), &useless, errors);
    }
}

fn caches(settings: &Settings, so_far: &[ConfigError], errors: &mut Vec<ConfigError>) {
    for (alias, cache) in &settings.caches {
        let name = |entry: &str| format!("CACHES.{alias}.{entry}");
        if so_far.iter().any(|error| error.is_about(&name("BACKEND"))) {
            continue;
        }
        let redis = cache.backend == CacheBackend::Redis;
        let is_url = |url: &&str| ["redis://", "rediss://", "unix://"].iter().any(|s| url.starts_with(s));
        if redis && cache.location.iter().map(String::as_str).any(|url| !is_url(&url)) {
            let message = "expected a URL that begins with redis://, rediss:// or unix://";
            errors.push(settings.error(&name("LOCATION"), message));
        }
        if redis && cache.location.is_empty() {
            let error = settings.error(&name("LOCATION"), "missing: expected the URL of the Redis server");
            errors.push(error.with_hint("such as LOCATION = \"redis://127.0.0.1:6379/0\""));
        }
        let useless = [("LOCATION", !redis && !cache.location.is_empty()), ("OPTIONS.MAX_ENTRIES", redis)];
        let backend = if redis { "redis" } else { "locmem" };
        useless_entries(settings, "CACHES", alias, &format!("BACKEND = \"{backend}\""), &useless, errors);
    }
}

/// An error for each entry that is set (and not empty) although its engine has no use for it.
fn useless_entries(
    settings: &Settings,
    table: &str,
    alias: &str,
    engine: &str,
    entries: &[(&str, bool)],
    errors: &mut Vec<ConfigError>,
) {
    for (entry, is_useless) in entries {
        let name = format!("{table}.{alias}.{entry}");
        if *is_useless && settings.origin(&name) != Origin::Default {
            let error = settings.error(&name, format!("does nothing with {engine}"));
            errors.push(error.with_hint("remove it"));
        }
    }
}

fn security(settings: &Settings, errors: &mut Vec<ConfigError>) {
    for origin in &settings.csrf.trusted_origins {
        if !origin.contains("://") || origin.ends_with('/') {
            let error = settings.error("CSRF_TRUSTED_ORIGINS", format!("{origin:?} is no origin"));
            errors.push(error.with_hint("an origin is a scheme and a host, such as \"https://example.com\""));
        }
    }
    for prefix in &settings.security.redirect_exempt {
        if prefix.contains(['^', '$', '*', '+', '?', '(', '[', '\\', '|']) {
            let error = settings.error("SECURE_REDIRECT_EXEMPT", format!("{prefix:?} is no path prefix"));
            errors.push(
                error.with_hint("Django takes regular expressions here; write \"health/\" for ^health/"),
            );
        }
    }
    if !settings.static_url.ends_with('/') {
        errors.push(settings.error("STATIC_URL", "must end with a slash"));
    }
    let one_of = |name: &str, value: &Option<String>, known: &[&str], errors: &mut Vec<ConfigError>| {
        let policies = value.iter().flat_map(|value| value.split(','));
        if !policies.clone().all(|policy| known.contains(&policy.trim())) {
            let error = settings.error(name, "no such policy");
            errors
                .push(error.with_hint(format!("known: {}, or \"none\" to send no header", known.join(", "))));
        }
    };
    one_of("SECURE_REFERRER_POLICY", &settings.security.referrer_policy, REFERRER_POLICIES, errors);
    let opener = &settings.security.cross_origin_opener_policy;
    one_of("SECURE_CROSS_ORIGIN_OPENER_POLICY", opener, OPENER_POLICIES, errors);
}

/// Django's `REFERRER_POLICY_VALUES` (django/core/checks/security/base.py).
const REFERRER_POLICIES: &[&str] = &[
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// Django's `CROSS_ORIGIN_OPENER_POLICY_VALUES` of the same file.
const OPENER_POLICIES: &[&str] = &["same-origin", "same-origin-allow-popups", "unsafe-none"];
