//! Whether it is safe to redirect to a URL that a visitor sent: Django's `url_has_allowed_host_and_scheme`.
//!
//! Views that follow a `next=` parameter need it. A URL that is not certain to stay on the allowed hosts
//! is unsafe.

use super::split;

/// Longer URLs are never safe (Django's `MAX_URL_LENGTH`).
const MAX_URL_LENGTH: usize = 2048;

/// Whether a redirect to this URL stays on the allowed hosts: the URL is relative, or its scheme is HTTP
/// or HTTPS and its host, with the port, is one of `allowed_hosts`. With `require_https`, HTTP is unsafe.
///
/// [`Request::is_safe_url`](crate::http::Request::is_safe_url) asks this for the host of the request.
/// Stricter than Django in two points: control characters are unsafe anywhere in the URL, and a host beyond
/// ASCII is unsafe, even an allowed one. Write it in Punycode.
///
/// # Examples
///
/// ```
/// use nuages::http::url_has_allowed_host_and_scheme as is_safe;
///
/// assert!(is_safe("/profile/", &["example.com"], true));
/// assert!(is_safe("https://example.com/", &["example.com"], true));
/// assert!(!is_safe("//evil.test/", &["example.com"], false));
/// assert!(!is_safe("javascript:alert(1)", &["example.com"], false));
/// ```
pub fn url_has_allowed_host_and_scheme(url: &str, allowed_hosts: &[&str], require_https: bool) -> bool {
    let url = url.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c));
    // Some browsers read `\` as `/`, so both readings must be safe.
    check(url, allowed_hosts, require_https) && check(&url.replace('\\', "/"), allowed_hosts, require_https)
}

fn check(url: &str, allowed_hosts: &[&str], require_https: bool) -> bool {
    let Some(first) = url.chars().next() else { return false };
    if url.starts_with("///") || url.chars().count() > MAX_URL_LENGTH {
        return false;
    }
    // Some browsers skip control and format characters at the start and may read the rest as `//host`.
    // Django refuses Unicode's category C here; this refuses more.
    if url.contains(char::is_control) || !(first.is_ascii() || first.is_alphanumeric()) {
        return false;
    }
    let (scheme, authority) = split(url);
    if authority.is_empty() {
        // Browsers read `http:///example.com` as `http://example.com`.
        return scheme.is_empty();
    }
    let balanced = authority.contains('[') == authority.contains(']');
    let scheme_fits = match scheme.as_str() {
        "" | "http" => !require_https,
        "https" => true,
        _ => false,
    };
    balanced && authority.is_ascii() && scheme_fits && allowed_hosts.contains(&authority.as_str())
}
