//! The host and the scheme of a request: Django's `get_host` and `is_secure`.
//!
//! A request with a host that is not in `ALLOWED_HOSTS` gets a 400, so that no link, redirect or e-mail
//! contains a host that an attacker chose. The server checks here too that a request names one host.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use super::{Request, Secure};
use crate::{Error, Result, settings::Settings};

/// The allowed hosts of a development server whose `ALLOWED_HOSTS` is empty.
const LOCAL_HOSTS: [&str; 3] = [".localhost", "127.0.0.1", "[::1]"];

/// The reason why a request's host is refused; the response is a 400.
///
/// # Examples
///
/// ```
/// use nuages::{http::HostError, prelude::*};
///
/// fn host_is_allowed(request: &Request) -> bool {
///     match request.host() {
///         Ok(_) => true,
///         Err(error) => !matches!(error.downcast_ref(), Some(HostError::NotAllowed { .. })),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The host is well formed, but not in `ALLOWED_HOSTS`.
    #[error("invalid Host header {host:?}: you may need to add {domain:?} to ALLOWED_HOSTS")]
    NotAllowed {
        /// The host, with its port.
        host: String,
        /// The domain alone, as `ALLOWED_HOSTS` would name it.
        domain: String,
    },
    /// The text is not a host name or an address (RFC 1034, RFC 1035).
    #[error("invalid Host header {0:?}: not a domain name or an address")]
    Malformed(String),
    /// The request names no host.
    #[error("the request has no Host header")]
    Missing,
    /// There are several `Host` fields, or the request line names another host.
    #[error("the request names more than one host")]
    Ambiguous,
}

impl Request {
    /// The host of the request, with its port if it has one, after a check against `ALLOWED_HOSTS`.
    ///
    /// # Errors
    ///
    /// A 400 with a [`HostError`] as its source.
    pub fn host(&self) -> Result<&str> {
        self.checked_host().map_err(|error| Error::from(error).set_status(http::StatusCode::BAD_REQUEST))
    }

    pub(crate) fn checked_host(&self) -> Result<&str, HostError> {
        allowed_host(self.headers(), self.uri(), &self.site().settings)
    }

    /// Whether the request came over TLS: to this process, or to a proxy that says so in the header of
    /// `SECURE_PROXY_SSL_HEADER`.
    pub fn is_secure(&self) -> bool {
        let direct = self.extension::<Secure>().is_some();
        let Some((name, secure)) = &self.site().settings.security.proxy_ssl_header else { return direct };
        let Some(value) = proxy_value(self.headers(), &header_name(name)) else { return direct };
        value.to_str().is_ok_and(|text| text.split(',').next().unwrap_or_default().trim() == secure)
    }

    /// The port that the client connected to: Django's `get_port`. It is that of `X-Forwarded-Port` under
    /// `USE_X_FORWARDED_PORT`, else that of the host, else 443 or 80.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn place(request: &mut Request) -> String {
    ///     format!("port {}", request.port())
    /// }
    /// ```
    pub fn port(&self) -> u16 {
        let number = |text: &str| text.trim().parse::<u16>().ok();
        let forwarded = || {
            let trusted = self.site().settings.security.use_x_forwarded_port;
            let value = proxy_value(self.headers(), "x-forwarded-port").filter(|_| trusted)?;
            value.to_str().ok().and_then(number)
        };
        let of_host = || {
            let host = raw_host(self.headers(), self.uri(), &self.site().settings).ok()?;
            host.rsplit_once(':').and_then(|(_, port)| number(port))
        };
        forwarded().or_else(of_host).unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }
}

/// The name of a header that a setting names directly or as Django's `META` key (`HTTP_X_FORWARDED_PROTO`).
pub(crate) fn header_name(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("HTTP_") {
        Some(rest) => rest.replace('_', "-").into(),
        None => name.into(),
    }
}

/// The host of a request after a check against `ALLOWED_HOSTS`, for services outside of the middleware.
pub(crate) fn allowed_host<'a>(
    headers: &'a HeaderMap,
    uri: &'a http::Uri,
    settings: &Settings,
) -> Result<&'a str, HostError> {
    let host = raw_host(headers, uri, settings)?;
    let domain = domain_of(host).ok_or_else(|| HostError::Malformed(host.to_owned()))?;
    if is_allowed(&domain, settings) {
        Ok(host)
    } else {
        Err(HostError::NotAllowed { host: host.to_owned(), domain: domain.into_owned() })
    }
}

/// The value that the proxy sent. A client may send the field too: a proxy that adds its own leaves the
/// client's in front of it, so the last field counts.
fn proxy_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    headers.get_all(name).iter().next_back()
}

fn raw_host<'a>(
    headers: &'a HeaderMap,
    uri: &'a http::Uri,
    settings: &Settings,
) -> Result<&'a str, HostError> {
    if settings.security.use_x_forwarded_host
        && let Some(value) = proxy_value(headers, "x-forwarded-host")
    {
        return text(value);
    }
    named_host(headers, uri)
}

/// The one host that the header field and the request line name (RFC 9112 section 3.2). The server asks
/// this of every request; whether `ALLOWED_HOSTS` has the host is checked later.
///
/// # Errors
///
/// - [`HostError::Missing`] where neither names a host.
/// - [`HostError::Ambiguous`] for two `Host` fields, or a target in absolute form that names another host.
/// - [`HostError::Malformed`] for a host with user information (RFC 9110 section 4.2.4) or beyond ASCII.
pub(crate) fn named_host<'a>(headers: &'a HeaderMap, uri: &'a http::Uri) -> Result<&'a str, HostError> {
    let mut values = headers.get_all(http::header::HOST).iter();
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let host = match (values.next(), authority) {
        (Some(value), _) => text(value)?,
        (None, Some(authority)) => authority,
        (None, None) => return Err(HostError::Missing),
    };
    let agrees = authority.is_none_or(|authority| authority.eq_ignore_ascii_case(host));
    if values.next().is_some() || !agrees {
        return Err(HostError::Ambiguous);
    }
    if host.contains('@') {
        return Err(HostError::Malformed(host.to_owned()));
    }
    Ok(host)
}

fn text(value: &HeaderValue) -> Result<&str, HostError> {
    value
        .to_str()
        .map_err(|_| HostError::Malformed(value.as_bytes().iter().map(|&byte| char::from(byte)).collect()))
}

/// Django's `split_domain_port`: the domain in lower case without a trailing dot; `None` if the text is
/// not a host (`host_validation_re`).
fn domain_of(host: &str) -> Option<Cow<'_, str>> {
    let (domain, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            let inner = &rest[..end];
            let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
            let head = inner.split(':').next()?;
            if !inner.contains(':')
                || !inner.bytes().all(fits)
                || !head.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                return None;
            }
            (&host[..end + 2], &host[end + 2..])
        }
        None => {
            let end = host.find(':').unwrap_or(host.len());
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
            if end == 0 || !host[..end].bytes().all(fits) {
                return None;
            }
            host.split_at(end)
        }
    };
    let port_fits = match port.strip_prefix(':') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if !port_fits || domain.is_empty() {
        return None;
    }
    let lower = !domain.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if lower { domain.into() } else { domain.to_ascii_lowercase().into() })
}

fn is_allowed(domain: &str, settings: &Settings) -> bool {
    if settings.debug && settings.allowed_hosts.is_empty() {
        return LOCAL_HOSTS.iter().any(|pattern| is_same_domain(domain, pattern));
    }
    settings.allowed_hosts.iter().any(|pattern| pattern == "*" || is_same_domain(domain, pattern))
}

/// Django's `is_same_domain`: the host equals the pattern, or is a subdomain of a pattern that starts
/// with a dot.
pub(crate) fn is_same_domain(host: &str, pattern: &str) -> bool {
    if let Some(parent) = pattern.strip_prefix('.') {
        let below = || {
            let start = host.len().checked_sub(pattern.len())?;
            Some(host.get(start..)?.eq_ignore_ascii_case(pattern))
        };
        return !parent.is_empty() && (host.eq_ignore_ascii_case(parent) || below() == Some(true));
    }
    !pattern.is_empty() && host.eq_ignore_ascii_case(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_django_reads_them() {
        for (host, domain) in [
            ("Example.COM:80", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("[::1]:8000", Some("[::1]")),
            ("[fe80::1]", Some("[fe80::1]")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("", None),
            ("a b", None),
            ("a_b", None),
            ("a:b", None),
            ("a:", None),
            ("[::1", None),
            ("[g::1]", None),
            ("user@host", None),
            ("host/path", None),
            (".", None),
        ] {
            assert_eq!(domain_of(host).as_deref(), domain, "{host}");
        }
    }

    #[test]
    fn a_dotted_pattern_means_the_domain_and_all_below_it() {
        assert!(is_same_domain("example.com", ".example.com"));
        assert!(is_same_domain("a.b.example.com", ".Example.com"));
        assert!(!is_same_domain("badexample.com", ".example.com"));
        assert!(!is_same_domain("a.example.com", "example.com"));
        assert!(!is_same_domain("example.com", ""));
    }
}
