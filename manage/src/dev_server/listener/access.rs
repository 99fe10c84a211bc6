//! Decides which clients may see source code and cause actions: those on this machine, from a page of this
//! site.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Method, Request, header};

/// Returns whether a request comes from this machine and names a host of this machine. With DNS rebinding,
/// another site's page could send requests to this port, but they would name the other site.
pub(super) fn is_local(peer: SocketAddr, headers: &HeaderMap) -> bool {
    peer.ip().to_canonical().is_loopback() && host(headers).is_some_and(is_loopback_host)
}

/// Returns the `Host` header.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// `localhost` and names below it always mean this machine.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let name = name.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Returns whether a request does not come from another site's page. `Origin: null` is another site's: a
/// sandboxed frame sends it.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site_fits = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin_fits = match text("origin") {
        None => true,
        Some(origin) => host(headers).is_some_and(|host| {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        }),
    };
    site_fits && origin_fits
}

/// Returns whether a request loads a page into a tab. Browsers send `Sec-Fetch-Dest` only to hosts that they
/// trust; the `Accept` header must do elsewhere.
pub(super) fn is_document<B>(request: &Request<B>) -> bool {
    match request.headers().get("sec-fetch-dest") {
        Some(destination) => destination == "document",
        None => {
            let scripted = ["x-requested-with", "hx-request", "turbo-frame"];
            accepts_html(request.headers())
                && !scripted.iter().any(|name| request.headers().contains_key(*name))
        }
    }
}

/// Returns whether a page can be loaded again without an effect.
pub(super) fn is_repeatable(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Returns whether the client names HTML among what it accepts.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.into_iter().any(|value| value.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn only_hosts_of_this_machine_are_local() {
        let here: SocketAddr = "127.0.0.1:5000".parse().expect("an address");
        for host in ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "a.localhost:80"] {
            let headers = headers(&[("host", host)]);
            assert!(is_local(here, &headers), "{host}");
            let mapped = "[::ffff:127.0.0.1]:5000".parse().expect("an address");
            assert!(is_local(mapped, &headers), "{host}");
            assert!(!is_local("192.0.2.1:5000".parse().expect("an address"), &headers), "{host}");
        }
        for host in ["evil.example:8000", "192.0.2.1:8000", "localhost.evil.example", "notlocalhost", ""] {
            assert!(!is_local(here, &headers(&[("host", host)])), "{host}");
        }
        assert!(!is_local(here, &HeaderMap::new()));
    }

    #[test]
    fn another_origin_is_refused() {
        let fits = |pairs: &[(&'static str, &'static str)]| {
            let mut all = vec![("host", "localhost:8000")];
            all.extend(pairs);
            is_same_origin(&headers(&all))
        };
        assert!(fits(&[]) && fits(&[("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")]));
        for origin in ["null", "http://localhost:8001", "http://evil.example", "http://localhost", ""] {
            assert!(!fits(&[("origin", origin)]), "{origin}");
        }
        assert!(!fits(&[("sec-fetch-site", "cross-site")]) && !fits(&[("sec-fetch-site", "same-site")]));
    }
}
