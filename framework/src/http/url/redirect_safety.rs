//! Which URLs a page may send its visitor to: Django's `url_has_allowed_host_and_scheme`.
//!
//! Whoever follows a `next=` parameter asks here first; what is not surely on this site is refused.

use super::split;

/// Longer URLs are never safe (Django's `MAX_URL_LENGTH`).
const LONGEST: usize = 2048;

/// Whether a URL that came from outside may be redirected to: relative, or on one of `allowed_hosts`
/// (with the port, exactly as written) over HTTP or HTTPS, only HTTPS with `require_https`.
///
/// Stricter than Django in one thing: a host beyond ASCII is refused (write it in Punycode).
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
    // Some browsers read \ as /, so both readings must be safe.
    check(url, allowed_hosts, require_https) && check(&url.replace('\\', "/"), allowed_hosts, require_https)
}

fn check(url: &str, allowed_hosts: &[&str], require_https: bool) -> bool {
    let Some(first) = url.chars().next() else { return false };
    if url.starts_with("///") || url.chars().count() > LONGEST {
        return false;
    }
    // Control and format characters at the start are skipped by some browsers: what follows may then
    // be read as `//host`. Django asks for Unicode's category C; this is all of it and more.
    if first.is_control() || !(first.is_ascii() || first.is_alphanumeric()) {
        return false;
    }
    let (scheme, authority) = split(url);
    if authority.is_empty() {
        // `http:///example.com`: browsers take the path for the host.
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
