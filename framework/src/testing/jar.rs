//! The test client's cookies, kept as a browser keeps them (RFC 6265 section 5).
//!
//! The client knows one host, so [`Cookie::domain`] is recorded and otherwise ignored. Cookies expire by the
//! application's clock.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

use crate::http::parse_http_date;

/// A cookie that a response sets, with its attributes.
///
/// # Examples
///
/// ```
/// # async fn example(client: nuages::testing::Client) -> nuages::Result<()> {
/// let response = client.post("/login/").form(&[("name", "Django")]).await;
/// let cookie = response.cookie("sessionid").expect("a login sets a session cookie");
/// assert!(cookie.httponly);
/// assert_eq!(cookie.samesite.as_deref(), Some("Lax"));
/// assert_eq!(cookie.max_age, Some(1_209_600));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value exactly as sent, including any quotes.
    pub value: String,
    /// The attribute `Path`.
    pub path: Option<String>,
    /// The attribute `Domain`.
    pub domain: Option<String>,
    /// The attribute `Max-Age`, in seconds. Zero or less deletes the cookie.
    pub max_age: Option<i64>,
    /// The attribute `Expires`.
    pub expires: Option<SystemTime>,
    /// The attribute `Secure`.
    pub secure: bool,
    /// The attribute `HttpOnly`.
    pub httponly: bool,
    /// The attribute `SameSite`.
    pub samesite: Option<String>,
    /// The attribute `Partitioned`.
    pub partitioned: bool,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookie").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Cookie {
    /// Parses the cookies that a response sets, in the order of its headers.
    pub(super) fn all(headers: &HeaderMap) -> Vec<Self> {
        let texts = headers.get_all(header::SET_COOKIE).iter();
        texts.filter_map(|text| Self::parse(&String::from_utf8_lossy(text.as_bytes()))).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: None,
            domain: None,
            max_age: None,
            expires: None,
            secure: false,
            httponly: false,
            samesite: None,
            partitioned: false,
        };
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "path" => cookie.path = Some(value.to_owned()),
                "domain" => cookie.domain = Some(value.to_owned()),
                "max-age" => cookie.max_age = value.parse().ok(),
                "expires" => cookie.expires = parse_http_date(value),
                "secure" => cookie.secure = true,
                "partitioned" => cookie.partitioned = true,
                "httponly" => cookie.httponly = true,
                "samesite" => cookie.samesite = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(cookie)
    }

    /// Returns when the cookie expires, if it does; `Max-Age` takes precedence over `Expires`.
    fn end(&self, now: SystemTime) -> Option<SystemTime> {
        match self.max_age {
            Some(age) => Some(now + Duration::from_secs(u64::try_from(age).unwrap_or(0))),
            None => self.expires,
        }
    }
}

struct Kept {
    name: String,
    value: String,
    path: String,
    secure: bool,
    end: Option<SystemTime>,
}

/// The cookies of one visitor.
#[derive(Default)]
pub(super) struct Jar(Vec<Kept>);

impl Jar {
    /// Stores a cookie from the response to a request for `request_path`, or deletes it if it has expired.
    pub(super) fn take(&mut self, cookie: &Cookie, request_path: &str, now: SystemTime) {
        let path = match &cookie.path {
            Some(path) if path.starts_with('/') => path.clone(),
            _ => default_path(request_path).to_owned(),
        };
        self.0.retain(|kept| (&kept.name, &kept.path) != (&cookie.name, &path));
        let end = cookie.end(now);
        if end.is_none_or(|end| end > now) {
            let (name, value, secure) = (cookie.name.clone(), cookie.value.clone(), cookie.secure);
            self.0.push(Kept { name, value, path, secure, end });
        }
    }

    /// Sets a cookie for all paths.
    pub(super) fn set(&mut self, name: &str, value: &str, end: Option<SystemTime>, path: &str) {
        self.0.retain(|kept| kept.name != name);
        let (name, value, path) = (name.to_owned(), value.to_owned(), path.to_owned());
        self.0.push(Kept { name, value, path, secure: false, end });
    }

    /// Returns the value of a cookie that has not expired, whatever its path.
    pub(super) fn get(&self, name: &str, now: SystemTime) -> Option<&str> {
        let kept = self.0.iter().find(|kept| kept.name == name && kept.lives(now))?;
        Some(&kept.value)
    }

    /// Returns the `Cookie` header of a request, if any cookie applies; longer paths come first.
    pub(super) fn header(&self, path: &str, secure: bool, now: SystemTime) -> Option<String> {
        let fits = |kept: &&Kept| kept.lives(now) && covers(&kept.path, path) && (secure || !kept.secure);
        let mut sent: Vec<&Kept> = self.0.iter().filter(fits).collect();
        sent.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let pairs: Vec<String> = sent.iter().map(|kept| format!("{}={}", kept.name, kept.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|kept| kept.name != name);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Kept {
    fn lives(&self, now: SystemTime) -> bool {
        self.end.is_none_or(|end| end > now)
    }
}

/// Returns the default `Path` of a cookie: the folder of the request's path (RFC 6265 section 5.1.4).
fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &request_path[..end],
    }
}

/// Returns whether a cookie for `cookie_path` is sent to `path` (RFC 6265 section 5.1.4).
fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn jar(cookies: &[&str]) -> Jar {
        let mut jar = Jar::default();
        for text in cookies {
            jar.take(&Cookie::parse(text).expect("a cookie"), "/blog/new", NOW);
        }
        jar
    }

    #[test]
    fn paths_are_obeyed() {
        let jar = jar(&["a=1; Path=/", "b=2; Path=/blog", "c=3", "d=4; Path=/admin/"]);
        assert_eq!(jar.header("/blog/new", false, NOW).as_deref(), Some("b=2; c=3; a=1"));
        assert_eq!(jar.header("/blogger", false, NOW).as_deref(), Some("a=1"));
        assert_eq!(jar.header("/admin/x", false, NOW).as_deref(), Some("d=4; a=1"));
    }

    #[test]
    fn cookies_end_are_replaced_and_are_deleted() {
        let mut jar = jar(&["a=1; Max-Age=10; Path=/", "b=2; expires=Thu, 01 Jan 1970 00:00:05 GMT; Path=/"]);
        let at = |seconds| NOW + Duration::from_secs(seconds);
        assert_eq!(jar.header("/", false, at(4)).as_deref(), Some("a=1; b=2"));
        assert_eq!(jar.header("/", false, at(5)).as_deref(), Some("a=1"));
        assert_eq!(jar.header("/", false, at(10)), None);
        jar.take(&Cookie::parse("a=3; Path=/").expect("a cookie"), "/", NOW);
        assert_eq!(jar.get("a", at(1_000)), Some("3"));
        let deletion = "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
        jar.take(&Cookie::parse(deletion).expect("a cookie"), "/", at(1));
        assert_eq!(jar.get("a", at(1)), None);
    }

    #[test]
    fn secure_cookies_stay_off_plain_http() {
        let jar = jar(&["a=1; Secure; Path=/"]);
        assert_eq!(jar.header("/", false, NOW), None);
        assert_eq!(jar.header("/", true, NOW).as_deref(), Some("a=1"));
    }
}
