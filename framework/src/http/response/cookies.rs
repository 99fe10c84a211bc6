//! The cookies that a response sets and deletes.

use http::{HeaderValue, header};

use super::{Response, SetCookie};
use crate::settings::SameSite;

impl Response {
    /// Sets a cookie. It replaces a cookie of the same name that this response already sets.
    ///
    /// A cookie that cannot be sent ([`CookieError`](super::CookieError)) turns the response into a 500.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{http::SetCookie, prelude::*};
    ///
    /// fn theme(_: &mut Request) -> Response {
    ///     let mut response = redirect("/");
    ///     response.set_cookie(SetCookie::new("theme", "dark"));
    ///     response
    /// }
    /// ```
    pub fn set_cookie(&mut self, cookie: SetCookie) -> &mut Self {
        let value = match cookie.to_header() {
            Ok(value) => value,
            Err(error) => {
                self.refuse(error);
                return self;
            }
        };
        let same = |old: &HeaderValue| {
            old.as_bytes().strip_prefix(cookie.name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
        };
        if !self.headers().get_all(header::SET_COOKIE).iter().any(same) {
            self.headers_mut().append(header::SET_COOKIE, value);
            return self;
        }
        if let header::Entry::Occupied(mut entry) = self.headers_mut().entry(header::SET_COOKIE) {
            for old in entry.iter_mut().filter(|old| same(old)) {
                *old = value.clone();
            }
        }
        self
    }

    /// Deletes a cookie in the browser. Path and domain must be those that it was set with.
    pub fn delete_cookie(
        &mut self,
        name: &str,
        path: &str,
        domain: Option<&str>,
        samesite: Option<SameSite>,
    ) -> &mut Self {
        self.set_cookie(SetCookie::deletion(name, path, domain.map(str::to_owned), samesite))
    }
}
