//! Redirects, and the URLs that a redirect may have.

use http::{StatusCode, header};

use super::Response;
use crate::{
    Error,
    http::url::{encoding, split},
};

/// The schemes of Django's `HttpResponseRedirect`.
const ALLOWED_SCHEMES: [&str; 4] = ["", "http", "https", "ftp"];

/// A redirect to a URL that no redirect may have: a 400, like Django's `DisallowedRedirect`.
///
/// # Examples
///
/// ```
/// use nuages::{http::DisallowedRedirect, prelude::*};
///
/// async fn watch(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     let response = next.run(request).await?;
///     match response.error().and_then(|error| error.downcast_ref()) {
///         Some(DisallowedRedirect::Scheme(scheme)) => eprintln!("a redirect to {scheme}:"),
///         Some(DisallowedRedirect::ControlCharacter) => eprintln!("a redirect with a control character"),
///         _ => {}
///     }
///     Ok(response)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisallowedRedirect {
    /// The URL has another scheme than `http`, `https` and `ftp`, such as `javascript`.
    #[error("unsafe redirect to a URL with the scheme {0:?}")]
    Scheme(String),
    /// The URL contains a line break or another control character.
    #[error("unsafe redirect to a URL with a control character")]
    ControlCharacter,
}

impl Response {
    /// A 302 to this URL, like Django's `redirect`.
    ///
    /// A redirect to another host must name its scheme: the second slash of `//host/` is escaped, so that
    /// the path of a request never leads to another site. A URL with a control character, or with a scheme
    /// such as `javascript:`, turns the response into a 400 ([`DisallowedRedirect`]).
    ///
    /// Whether a URL from a visitor stays on this site is not checked here; see
    /// [`Request::is_safe_url`](crate::http::Request::is_safe_url).
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::http::Response;
    ///
    /// assert_eq!(Response::redirect("/é/").header("location"), Some("/%C3%A9/"));
    /// assert_eq!(Response::redirect("//evil.test/").header("location"), Some("/%2Fevil.test/"));
    /// ```
    pub fn redirect(url: impl AsRef<str>) -> Self {
        Self::to_location(StatusCode::FOUND, url.as_ref())
    }

    /// A 301 to this URL, with the checks of [`Response::redirect`].
    pub fn permanent_redirect(url: impl AsRef<str>) -> Self {
        Self::to_location(StatusCode::MOVED_PERMANENTLY, url.as_ref())
    }

    fn to_location(status: StatusCode, url: &str) -> Self {
        let mut response = Self::empty(status);
        match check(url) {
            Ok(()) => {
                let url = encoding::escape_leading_slashes(encoding::iri_to_uri(url));
                response.set_header(header::LOCATION.as_str(), &*url);
            }
            Err(error) => response.refuse(Error::from(error).set_status(StatusCode::BAD_REQUEST)),
        }
        response
    }
}

fn check(url: &str) -> Result<(), DisallowedRedirect> {
    if url.contains(char::is_control) {
        return Err(DisallowedRedirect::ControlCharacter);
    }
    let (scheme, _) = split(url);
    if !ALLOWED_SCHEMES.contains(&scheme.as_str()) {
        return Err(DisallowedRedirect::Scheme(scheme));
    }
    Ok(())
}
