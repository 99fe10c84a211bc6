//! `SESSION_*`: where sessions are kept, their cookie and their expiry.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    checks::Checks,
    cookie::{CookieSettings, SameSite},
    reader::Reader,
    values::Fallback::{Is, Unset},
};
use crate::settings::schema::{Choice, Word};

/// The `SESSION_*` settings.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
/// use std::time::Duration;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_COOKIE_AGE = 3600";
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.session.cookie_age, Duration::from_secs(3600));
/// assert_eq!(settings.session.cookie_name, "sessionid");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionSettings {
    /// `SESSION_ENGINE`: a short name (`db`, `cache`, `cached_db`, `file`, `signed_cookies`) or a name that
    /// the project registered. Django's dotted names are converted to the short ones.
    pub engine: String,
    /// `SESSION_CACHE_ALIAS`. Default `default`.
    pub cache_alias: String,
    /// `SESSION_COOKIE_AGE`. Default two weeks.
    pub cookie_age: Duration,
    /// `SESSION_COOKIE_DOMAIN`.
    pub cookie_domain: Option<String>,
    /// `SESSION_COOKIE_HTTPONLY`. Default true.
    pub cookie_httponly: bool,
    /// `SESSION_COOKIE_NAME`. Default `sessionid`.
    pub cookie_name: String,
    /// `SESSION_COOKIE_PARTITIONED`. Default false.
    pub cookie_partitioned: bool,
    /// `SESSION_COOKIE_PATH`. Default `/`.
    pub cookie_path: String,
    /// `SESSION_COOKIE_SAMESITE`. Default Lax.
    pub cookie_samesite: Option<SameSite>,
    /// `SESSION_COOKIE_SECURE`. Default false.
    pub cookie_secure: bool,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`. Default false.
    pub expire_at_browser_close: bool,
    /// `SESSION_FILE_PATH`. Default the system's temporary folder.
    pub file_path: PathBuf,
    /// `SESSION_SAVE_EVERY_REQUEST`. Default false.
    pub save_every_request: bool,
    /// `SESSION_ABSOLUTE_AGE`: a session ends this long after its creation. Default none.
    pub absolute_age: Option<Duration>,
    /// `SESSION_RENEW_AFTER`: an active session is saved again at most this often. Default none.
    pub renew_after: Option<Duration>,
    /// `SESSION_MAX_BYTES`: the greatest size of a session's JSON on the server, in bytes.
    pub max_bytes: usize,
    /// `SESSION_CLEAR_EXPIRED`: how often a server clears expired sessions; none never does. Default one hour.
    pub clear_expired: Option<Duration>,
    /// `SESSION_HASH_KEYS`. Default false.
    pub hash_keys: bool,
    /// `SESSION_INTERRUPTED = "error"`: answers 400, as Django does, if another request deleted the session
    /// while this one ran. Default false: the session is not saved, and the view's response is sent.
    pub interrupted_is_error: bool,
}

/// The words of `SESSION_ENGINE` for the built-in engines.
const ENGINES: &[Word] = &[
    Word::dotted("db", "django.contrib.sessions.backends.db"),
    Word::dotted("cache", "django.contrib.sessions.backends.cache"),
    Word::dotted("cached_db", "django.contrib.sessions.backends.cached_db"),
    Word::dotted("file", "django.contrib.sessions.backends.file"),
    Word::dotted("signed_cookies", "django.contrib.sessions.backends.signed_cookies"),
];

/// The words of `SESSION_INTERRUPTED`.
#[derive(Clone, Copy, PartialEq)]
enum OnInterruption {
    Drop,
    Error,
}

impl Choice for OnInterruption {
    const CHOICES: &'static [(Self, Word)] =
        &[(OnInterruption::Drop, Word::new("drop")), (OnInterruption::Error, Word::new("error"))];
}

impl SessionSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>, base_dir: &Path) -> Self {
        let reader = reader.area("session");
        let settings = Self {
            engine: reader.open_choice("SESSION_ENGINE", ENGINES, "db", "Where sessions are kept: `db`, `cache`, `cached_db`, `file`, `signed_cookies`, or a registered name."),
            cache_alias: reader.text("SESSION_CACHE_ALIAS", "default", "The cache that the engines `cache` and `cached_db` use."),
            cookie_age: reader.seconds("SESSION_COOKIE_AGE", 1, 1_209_600, "How long a session lasts. The default is two weeks."),
            cookie_domain: reader.maybe_text("SESSION_COOKIE_DOMAIN", Unset("none"), "The cookie's domain; without one, the cookie is sent to this host only."),
            cookie_httponly: reader.flag("SESSION_COOKIE_HTTPONLY", true, "Hides the cookie from JavaScript."),
            cookie_name: reader.text("SESSION_COOKIE_NAME", "sessionid", "The cookie's name."),
            cookie_partitioned: reader.flag("SESSION_COOKIE_PARTITIONED", false, "Keeps the cookie apart for each site that shows this one in a frame. Needs `SESSION_COOKIE_SECURE`."),
            cookie_path: reader.text("SESSION_COOKIE_PATH", "/", "The cookie's path."),
            cookie_samesite: reader.choice_or_false("SESSION_COOKIE_SAMESITE", SameSite::Lax, "The cookie's SameSite attribute; `false` leaves it out."),
            cookie_secure: reader.flag("SESSION_COOKIE_SECURE", false, "Sends the cookie over HTTPS only."),
            expire_at_browser_close: reader.flag("SESSION_EXPIRE_AT_BROWSER_CLOSE", false, "Ends the session when the visitor closes the browser."),
            file_path: reader.maybe_path("SESSION_FILE_PATH", Unset("the system's temporary folder"), "The folder of the engine `file`. It must exist.")
                .map_or_else(std::env::temp_dir, |path| base_dir.join(path)),
            save_every_request: reader.flag("SESSION_SAVE_EVERY_REQUEST", false, "Saves the session and renews its cookie at every request."),
            absolute_age: reader.maybe_seconds("SESSION_ABSOLUTE_AGE", 1, Unset("none"), "Not in Django: ends a session this long after its creation, even if it is in use."),
            renew_after: reader.maybe_seconds("SESSION_RENEW_AFTER", 1, Unset("none"), "Not in Django: saves an active session again, and so renews it, once its last save is this old."),
            max_bytes: reader.count("SESSION_MAX_BYTES", 1024..=16_777_216, 1_048_576, "Not in Django: the greatest size of a session's JSON on the server, in bytes. A warning is logged from a quarter of it."),
            clear_expired: reader.maybe_seconds("SESSION_CLEAR_EXPIRED", 1, Is(3600), "Not in Django: how often `manage serve` removes expired sessions; `\"none\"` leaves it to `manage clearsessions`."),
            hash_keys: reader.flag("SESSION_HASH_KEYS", false, "Not in Django: stores SHA-256 hashes of the keys. Such sessions cannot be shared with a Django site."),
            interrupted_is_error: reader.choice("SESSION_INTERRUPTED", OnInterruption::Drop, "Not in Django: what happens if another request deletes the session before this one saves it. `drop` skips the save, `error` answers 400, as Django does.") == OnInterruption::Error,
        };
        reader.serializer("SESSION_SERIALIZER", "The format of sessions. JSON is the only one.");
        settings
    }

    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        let cookie = CookieSettings {
            prefix: "SESSION",
            name: &self.cookie_name,
            path: &self.cookie_path,
            domain: self.cookie_domain.as_deref(),
            secure: self.cookie_secure,
            samesite: self.cookie_samesite,
            partitioned: self.cookie_partitioned,
        };
        cookie.check(checks);
        if self.engine == "file" && !self.file_path.is_dir() {
            checks.error_with_hint(
                "SESSION_FILE_PATH",
                format!("no such folder: {}", self.file_path.display()),
                "create the folder, or name one that exists: the session engine \"file\" keeps sessions there",
            );
        }
        if self.renew_after.is_some_and(|after| after >= self.cookie_age) {
            let message = "must be less than SESSION_COOKIE_AGE: a session has expired by then";
            checks.error("SESSION_RENEW_AFTER", message);
        }
    }
}
