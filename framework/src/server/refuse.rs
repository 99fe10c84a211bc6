//! Rejects requests that RFC 9110 and 9112 call malformed, or that are too large, before the application
//! sees them.

use http::{
    HeaderMap, Method, StatusCode, Uri, Version,
    header::{HOST, TRANSFER_ENCODING},
};

use crate::http::{HostError, host::named_host};

/// The longest accepted request target (path and query). gunicorn and nginx have limits of this size.
const MAX_TARGET_BYTES: usize = 8_190;

/// Returns the status to reject this request with, or `None` if it is well formed.
pub(super) fn refusal(
    method: &Method,
    uri: &Uri,
    version: Version,
    headers: &HeaderMap,
) -> Option<StatusCode> {
    // RFC 9112 section 3.2: HTTP/1.1 demands the header field, even where the target names the host.
    let fits = match named_host(headers, uri) {
        Ok(_) => version < Version::HTTP_11 || headers.contains_key(HOST),
        Err(error) => version < Version::HTTP_11 && error == HostError::Missing,
    };
    if !fits {
        return Some(StatusCode::BAD_REQUEST);
    }
    // RFC 9112 section 6.1: a transfer coding that the server does not know is a 501. hyper only looks at the
    // last one.
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
    {
        return Some(StatusCode::NOT_IMPLEMENTED);
    }
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET_BYTES) {
        return Some(StatusCode::URI_TOO_LONG);
    }
    // CONNECT is for proxies (RFC 9110 section 9.3.6).
    if method == Method::CONNECT {
        return Some(StatusCode::NOT_IMPLEMENTED);
    }
    // RFC 9112 section 3.2.4: `*` is only for OPTIONS, which asks about the whole server: an empty answer.
    if uri.path() == "*" {
        let known = method == Method::OPTIONS;
        return Some(if known { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, target: &str, hosts: &[&str]) -> Option<u16> {
        let mut request = http::Request::builder().method(method).uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let request = request.body(()).expect("a request");
        refusal(request.method(), request.uri(), Version::HTTP_11, request.headers()).map(|s| s.as_u16())
    }

    #[test]
    fn malformed_requests_are_rejected() {
        assert_eq!(check("GET", "/", &["a"]), None);
        assert_eq!(check("GET", "/", &[]), Some(400));
        assert_eq!(check("GET", "/", &["a", "a"]), Some(400));
        assert_eq!(check("GET", "http://A:80/x", &["a:80"]), None);
        assert_eq!(check("GET", "http://a/", &["b"]), Some(400));
        assert_eq!(check("GET", "http://u@a/", &["u@a"]), Some(400));
        assert_eq!(check("GET", "http://u:p@a/", &["a"]), Some(400));
        assert_eq!(check("CONNECT", "a:443", &["a:443"]), Some(501));
        assert_eq!(check("OPTIONS", "*", &["a"]), Some(204));
        assert_eq!(check("GET", "*", &["a"]), Some(400));
        assert_eq!(check("GET", &format!("/{}", "a".repeat(8_190)), &["a"]), Some(414));
        assert_eq!(check("GET", &format!("/{}", "a".repeat(8_189)), &["a"]), None);
    }
}
