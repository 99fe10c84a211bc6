//! The checks of `manage check --deploy`: settings that are right on a developer's machine, and wrong in
//! production.
//!
//! Ids and conditions are those of Django's `django/core/checks/security/` (`base.py`, `csrf.py`,
//! `sessions.py`) where Django has the check. Ids that begin with `nuages.` are our own. The checks of
//! middleware that is left out (`security.W001` to `W003`) are in `App::deployment_checks`.

use super::{CacheBackend, Settings, SystemCheck, XFrameOptions};
use crate::crypto::random_text;

/// As `SECRET_KEY_MIN_LENGTH`, `SECRET_KEY_MIN_UNIQUE_CHARACTERS` and `SECRET_KEY_INSECURE_PREFIX` in
/// django/core/checks/security/base.py.
const MIN_KEY_LENGTH: usize = 50;
const MIN_KEY_CHARACTERS: usize = 5;
const INSECURE_KEY_PREFIX: &str = "django-insecure-";
/// `get_random_secret_key` in django/core/management/utils.py.
const KEY_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)";

impl Settings {
    /// Checks whether the settings are safe for production, as `manage check --deploy` does. Checks that
    /// `SILENCED_SYSTEM_CHECKS` names are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::settings::Settings;
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSILENCED_SYSTEM_CHECKS = [\"security.W018\"]";
    /// let settings = Settings::from_toml(text, ".".as_ref())?;
    /// let found = settings.deployment_checks();
    /// assert!(found.iter().any(|check| check.id == "security.W012"));
    /// assert!(found.iter().all(|check| check.id != "security.W018"));
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn deployment_checks(&self) -> Vec<SystemCheck> {
        let mut found = Vec::new();
        self.check_https(&mut found);
        self.check_headers(&mut found);
        self.check_keys(&mut found);
        self.check_cookies(&mut found);
        self.check_site(&mut found);
        self.check_storage(&mut found);
        found.retain(|check| !self.is_silenced(&check.id));
        found
    }

    /// Whether `SILENCED_SYSTEM_CHECKS` names this id.
    pub fn is_silenced(&self, id: &str) -> bool {
        self.silenced_system_checks.iter().any(|silenced| silenced == id)
    }

    fn check_https(&self, found: &mut Vec<SystemCheck>) {
        let security = &self.security;
        let hsts_hint =
            "only if every page is served over HTTPS: browsers remember it, so begin with an hour";
        if security.hsts.is_zero() {
            found.push(
                SystemCheck::warning(
                    "security.W004",
                    "SECURE_HSTS_SECONDS is 0: browsers may send a first request without HTTPS",
                )
                .with_hint(hsts_hint)
                .with_fix("SECURE_HSTS_SECONDS = 3600"),
            );
        }
        if !security.hsts.is_zero() && !security.hsts_include_subdomains {
            found.push(
                SystemCheck::warning(
                    "security.W005",
                    "SECURE_HSTS_INCLUDE_SUBDOMAINS is false: a subdomain without HTTPS can set cookies for the site",
                )
                .with_hint("only if all subdomains are served over HTTPS")
                .with_fix("SECURE_HSTS_INCLUDE_SUBDOMAINS = true"),
            );
        }
        if !security.hsts.is_zero() && !security.hsts_preload {
            found.push(
                SystemCheck::warning(
                    "security.W021",
                    "SECURE_HSTS_PRELOAD is false: the site cannot be in the browsers' preload lists",
                )
                .with_hint("only if the whole domain will stay on HTTPS: leaving the lists takes months")
                .with_fix("SECURE_HSTS_PRELOAD = true"),
            );
        }
        if !security.ssl_redirect {
            found.push(
                SystemCheck::warning(
                    "security.W008",
                    "SECURE_SSL_REDIRECT is false: pages are served without HTTPS too",
                )
                .with_hint("not needed if a proxy redirects; behind one that ends TLS, set SECURE_PROXY_SSL_HEADER too")
                .with_fix("SECURE_SSL_REDIRECT = true"),
            );
        }
    }

    fn check_headers(&self, found: &mut Vec<SystemCheck>) {
        let security = &self.security;
        if !security.content_type_nosniff {
            found.push(
                SystemCheck::warning(
                    "security.W006",
                    "SECURE_CONTENT_TYPE_NOSNIFF is false: browsers may guess another type for a response",
                )
                .with_fix("SECURE_CONTENT_TYPE_NOSNIFF = true"),
            );
        }
        if security.x_frame_options != XFrameOptions::Deny {
            found.push(
                SystemCheck::warning(
                    "security.W019",
                    "X_FRAME_OPTIONS is not \"DENY\": pages can be shown in frames",
                )
                .with_hint("keep \"SAMEORIGIN\" if the site frames its own pages")
                .with_fix("X_FRAME_OPTIONS = \"DENY\""),
            );
        }
        if security.referrer_policy.is_none() {
            found.push(
                SystemCheck::warning(
                    "security.W022",
                    "SECURE_REFERRER_POLICY is \"none\": other sites may learn the addresses of visited pages",
                )
                .with_fix("SECURE_REFERRER_POLICY = \"same-origin\""),
            );
        }
    }

    fn check_keys(&self, found: &mut Vec<SystemCheck>) {
        if is_weak(&self.secret_key) {
            let key = random_text(MIN_KEY_LENGTH, KEY_ALPHABET);
            found.push(
                SystemCheck::warning(
                    "security.W009",
                    format!("SECRET_KEY {WEAK}: who guesses it can forge sessions and tokens"),
                )
                .with_hint("a new key logs all users out, unless SECRET_KEY_FALLBACKS holds the old one")
                .with_fix(format!("SECRET_KEY = \"{key}\"")),
            );
        }
        for (index, _) in self.secret_key_fallbacks.iter().enumerate().filter(|(_, key)| is_weak(key)) {
            found.push(
                SystemCheck::warning(
                    "security.W025",
                    format!(
                        "SECRET_KEY_FALLBACKS[{index}] {WEAK}: who guesses it can forge sessions and tokens"
                    ),
                )
                .with_hint("remove it from the list"),
            );
        }
    }

    fn check_cookies(&self, found: &mut Vec<SystemCheck>) {
        let session = &self.session;
        if !session.cookie_secure {
            found.push(
                SystemCheck::warning(
                    "security.W012",
                    "SESSION_COOKIE_SECURE is false: a listener on the network can take over sessions",
                )
                .with_fix("SESSION_COOKIE_SECURE = true"),
            );
        }
        if !session.cookie_httponly {
            found.push(
                SystemCheck::warning(
                    "security.W015",
                    "SESSION_COOKIE_HTTPONLY is false: an injected script can read the session's key",
                )
                .with_fix("SESSION_COOKIE_HTTPONLY = true"),
            );
        }
        if !self.csrf.cookie_secure && !self.csrf.use_sessions {
            found.push(
                SystemCheck::warning(
                    "security.W016",
                    "CSRF_COOKIE_SECURE is false: a listener on the network can read the CSRF token",
                )
                .with_fix("CSRF_COOKIE_SECURE = true"),
            );
        }
        // `__Host-` needs the path `/` and no domain; browsers then take the cookie from this host only.
        let hosted = session.cookie_path == "/" && session.cookie_domain.is_none();
        if hosted && !session.cookie_name.to_ascii_lowercase().starts_with("__host-") {
            found.push(
                SystemCheck::warning(
                    "nuages.W001",
                    format!(
                        "SESSION_COOKIE_NAME = {:?}: a subdomain can set this cookie for the site",
                        session.cookie_name
                    ),
                )
                .with_hint(
                    "browsers accept a cookie with the prefix __Host- from this host over HTTPS only; \
                     a new name logs all users out once, and a Django site on the same sessions needs it too",
                )
                .with_fix("SESSION_COOKIE_NAME = \"__Host-sessionid\""),
            );
        }
    }

    fn check_site(&self, found: &mut Vec<SystemCheck>) {
        if self.debug {
            found.push(
                SystemCheck::warning(
                    "security.W018",
                    "DEBUG is true: error pages show source code and settings",
                )
                .with_fix("DEBUG = false"),
            );
        }
        if self.allowed_hosts.is_empty() {
            found.push(
                SystemCheck::warning(
                    "security.W020",
                    "ALLOWED_HOSTS is empty: no host is served without DEBUG",
                )
                .with_hint("name the hosts of the site")
                .with_fix("ALLOWED_HOSTS = [\"www.example.com\"]"),
            );
        }
        if self.allowed_hosts.iter().any(|host| host == "*") {
            found.push(
                SystemCheck::warning(
                    "nuages.W002",
                    "ALLOWED_HOSTS contains \"*\": a forged Host header gets into links and redirects",
                )
                .with_hint("name the hosts of the site")
                .with_fix("ALLOWED_HOSTS = [\"www.example.com\"]"),
            );
        }
    }

    fn check_storage(&self, found: &mut Vec<SystemCheck>) {
        let session = &self.session;
        let uses_cache = matches!(session.engine.as_str(), "cache" | "cached_db");
        let in_memory =
            self.caches.get(&session.cache_alias).is_some_and(|cache| cache.backend == CacheBackend::Locmem);
        if uses_cache && in_memory {
            let message = if session.engine == "cache" {
                "sessions are in this process's memory: a restart logs all users out, and no other process sees them"
            } else {
                "the cache of sessions is in this process's memory: another process does not see its changes"
            };
            found.push(
                SystemCheck::warning("nuages.W003", message)
                    .with_hint(
                        "use Redis for this cache ([CACHES.default] BACKEND = \"redis\"), or sessions in the database",
                    )
                    .with_fix("SESSION_ENGINE = \"db\""),
            );
        }
        if session.engine == "file" && session.file_path == std::env::temp_dir() {
            found.push(
                SystemCheck::warning(
                    "nuages.W004",
                    "sessions are in the system's temporary folder, which is emptied at a restart",
                )
                .with_hint("name a folder that only this site's user can read, and that lasts")
                .with_fix("SESSION_FILE_PATH = \"/var/lib/mysite/sessions\""),
            );
        }
    }
}

const WEAK: &str =
    "is shorter than 50 characters, has fewer than 5 different ones, or begins with \"django-insecure-\"";

fn is_weak(key: &str) -> bool {
    let mut characters: Vec<char> = key.chars().collect();
    let length = characters.len();
    characters.sort_unstable();
    characters.dedup();
    length < MIN_KEY_LENGTH || characters.len() < MIN_KEY_CHARACTERS || key.starts_with(INSECURE_KEY_PREFIX)
}
