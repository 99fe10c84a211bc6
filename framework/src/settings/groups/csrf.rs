//! `CSRF_*`: the CSRF cookie, its header and the origins that may post.

use std::time::Duration;

use super::{
    checks::Checks,
    cookie::{CookieSettings, SameSite},
    reader::Reader,
    values::Fallback::{Is, Unset},
};

/// The `CSRF_*` settings.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nCSRF_TRUSTED_ORIGINS = [\"https://*.example.com\"]";
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.csrf.trusted_origins, ["https://*.example.com"]);
/// assert_eq!(settings.csrf.header_name, "X-CSRFToken");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CsrfSettings {
    /// `CSRF_COOKIE_NAME`. Default `csrftoken`.
    pub cookie_name: String,
    /// `CSRF_COOKIE_AGE`. Default one year (31,449,600 s); none ends the cookie with the browser.
    pub cookie_age: Option<Duration>,
    /// `CSRF_COOKIE_DOMAIN`.
    pub cookie_domain: Option<String>,
    /// `CSRF_COOKIE_HTTPONLY`. Default false.
    pub cookie_httponly: bool,
    /// `CSRF_COOKIE_PARTITIONED`. Default false.
    pub cookie_partitioned: bool,
    /// `CSRF_COOKIE_PATH`. Default `/`.
    pub cookie_path: String,
    /// `CSRF_COOKIE_SAMESITE`. Default Lax.
    pub cookie_samesite: Option<SameSite>,
    /// `CSRF_COOKIE_SECURE`. Default false.
    pub cookie_secure: bool,
    /// `CSRF_HEADER_NAME`, as it is sent. Default `X-CSRFToken`.
    pub header_name: String,
    /// `CSRF_TRUSTED_ORIGINS`.
    pub trusted_origins: Vec<String>,
    /// `CSRF_USE_SESSIONS`. Default false.
    pub use_sessions: bool,
}

impl CsrfSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("csrf");
        Self {
            cookie_age: reader.maybe_seconds("CSRF_COOKIE_AGE", 1, Is(31_449_600), "How long the CSRF cookie lasts. The default is a year; `\"none\"` ends it with the browser."),
            cookie_domain: reader.maybe_text("CSRF_COOKIE_DOMAIN", Unset("none"), "The cookie's domain; without one, the cookie is sent to this host only."),
            cookie_httponly: reader.flag("CSRF_COOKIE_HTTPONLY", false, "Hides the cookie from JavaScript."),
            cookie_name: reader.text("CSRF_COOKIE_NAME", "csrftoken", "The cookie's name."),
            cookie_partitioned: reader.flag("CSRF_COOKIE_PARTITIONED", false, "Keeps the cookie apart for each site that shows this one in a frame. Needs `CSRF_COOKIE_SECURE`."),
            cookie_path: reader.text("CSRF_COOKIE_PATH", "/", "The cookie's path."),
            cookie_samesite: reader.choice_or_false("CSRF_COOKIE_SAMESITE", SameSite::Lax, "The cookie's SameSite attribute; `false` leaves it out."),
            cookie_secure: reader.flag("CSRF_COOKIE_SECURE", false, "Sends the cookie over HTTPS only."),
            header_name: reader.header("CSRF_HEADER_NAME", "X-CSRFToken", "The request header with the token; `HTTP_X_CSRFTOKEN` is accepted too."),
            use_sessions: reader.flag("CSRF_USE_SESSIONS", false, "Keeps the secret in the session instead of a cookie."),
            trusted_origins: reader.list("CSRF_TRUSTED_ORIGINS", &[], "Other origins that may post here, such as `https://*.example.com`."),
        }
    }

    pub(super) fn check(&self, session_cookie: &str, checks: &mut Checks<'_>) {
        let cookie = CookieSettings {
            prefix: "CSRF",
            name: &self.cookie_name,
            path: &self.cookie_path,
            domain: self.cookie_domain.as_deref(),
            secure: self.cookie_secure,
            samesite: self.cookie_samesite,
            partitioned: self.cookie_partitioned,
        };
        cookie.check(checks);
        if self.cookie_name == session_cookie {
            checks.error("CSRF_COOKIE_NAME", "expected another name than the session cookie's");
        }
        for origin in &self.trusted_origins {
            if !origin.contains("://") || origin.ends_with('/') {
                let message = format!("{origin:?} is not an origin");
                let hint = "an origin is a scheme and a host, such as \"https://example.com\"";
                checks.error_with_hint("CSRF_TRUSTED_ORIGINS", message, hint);
            }
        }
    }
}
