//! What the settings of a cookie must be together, so that browsers keep it (RFC 6265 section 4.1.1 and
//! RFC 6265bis section 4.1.3).

use super::{Settings, error::ConfigError, groups::SameSite};

/// The settings of one cookie and their common prefix.
struct Cookie<'a> {
    prefix: &'static str,
    name: &'a str,
    path: &'a str,
    domain: Option<&'a str>,
    secure: bool,
    samesite: Option<SameSite>,
}

/// Every mistake in the session cookie's and the CSRF cookie's settings.
pub(super) fn errors(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let (session, csrf) = (&settings.session, &settings.csrf);
    let cookies = [
        Cookie {
            prefix: "SESSION",
            name: &session.cookie_name,
            path: &session.cookie_path,
            domain: session.cookie_domain.as_deref(),
            secure: session.cookie_secure,
            samesite: session.cookie_samesite,
        },
        Cookie {
            prefix: "CSRF",
            name: &csrf.cookie_name,
            path: &csrf.cookie_path,
            domain: csrf.cookie_domain.as_deref(),
            secure: csrf.cookie_secure,
            samesite: csrf.cookie_samesite,
        },
    ];
    for cookie in &cookies {
        for (setting, message, hint) in mistakes(cookie) {
            let error = settings.error(&format!("{}_COOKIE_{setting}", cookie.prefix), message);
            errors.push(match hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            });
        }
    }
    if session.cookie_name == csrf.cookie_name {
        let message = "the session and the CSRF token cannot share a cookie";
        errors.push(settings.error("CSRF_COOKIE_NAME", message));
    }
}

type Mistake = (&'static str, String, Option<String>);

fn mistakes(cookie: &Cookie<'_>) -> Vec<Mistake> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    let mut found = |setting, message: &str| mistakes.push((setting, message.to_owned(), None));
    if cookie.name.is_empty() || !cookie.name.bytes().all(is_token) {
        found("NAME", "expected letters, digits and !#$%&'*+-.^_`|~ only");
    }
    if !cookie.path.starts_with('/') || !cookie.path.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b';') {
        found("PATH", "expected a path that begins with a slash, in printable ASCII without a semicolon");
    }
    if cookie.domain.is_some_and(|domain| !domain.bytes().all(is_domain)) {
        found("DOMAIN", "expected a domain, such as \"example.com\": no scheme, no port, no path");
    }
    if cookie.samesite == Some(SameSite::None) && !cookie.secure {
        let message = format!("browsers refuse this cookie unless {}_COOKIE_SECURE is true", cookie.prefix);
        let hint = "SameSite=None needs Secure; to send no SameSite attribute, write false without quotes";
        mistakes.push(("SAMESITE", message, Some(hint.to_owned())));
    }
    mistakes.extend(prefix_mistake(cookie));
    mistakes
}

/// A `__Host-` or `__Secure-` name is a promise that browsers check.
fn prefix_mistake(cookie: &Cookie<'_>) -> Option<Mistake> {
    let name = cookie.name.to_ascii_lowercase();
    let prefix = cookie.prefix;
    let mut wanted = Vec::new();
    if name.starts_with("__host-") || name.starts_with("__secure-") {
        wanted.extend((!cookie.secure).then(|| format!("{prefix}_COOKIE_SECURE = true")));
    }
    if name.starts_with("__host-") {
        wanted.extend((cookie.path != "/").then(|| format!("{prefix}_COOKIE_PATH = \"/\"")));
        wanted.extend(cookie.domain.map(|_| format!("no {prefix}_COOKIE_DOMAIN")));
    }
    if wanted.is_empty() {
        return None;
    }
    let message = format!("browsers refuse a cookie of this name without {}", wanted.join(" and "));
    Some(("NAME", message, None))
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-".contains(&byte)
}
