//! The check of the host, `PREPEND_WWW` and `APPEND_SLASH`, as in `django/middleware/common.py`.

use http::{Method, StatusCode};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{Request, Response, encoding},
};

/// Refuses hosts that are not in `ALLOWED_HOSTS`, and redirects to the URL with `www.` or with a slash at
/// its end. A default middleware.
///
/// # Examples
///
/// With these settings `http://example.com/about` redirects to `http://www.example.com/about/`:
///
/// ```
/// use nuages::settings::Settings;
///
/// # fn main() -> Result<(), nuages::settings::SettingsErrors> {
/// let settings = Settings::from_toml(
///     "SECRET_KEY = \"not so secret: this is an example of fifty characters\"\n\
///      ALLOWED_HOSTS = [\".example.com\"]\n\
///      PREPEND_WWW = true\n\
///      APPEND_SLASH = true\n\
///      SESSION_ENGINE = \"signed_cookies\"",
///     ".".as_ref(),
/// )?;
/// # assert!(settings.append_slash);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CommonMiddleware;

/// A form was sent to a URL without the slash at its end, and a redirect would lose the form's data. This
/// error appears under `DEBUG` only, as in Django.
///
/// # Examples
///
/// The form must point to the URL with the slash; `request.reverse` and `url()` write it.
///
/// ```
/// use nuages::{middleware::AppendSlashError, prelude::*};
///
/// fn is_a_missing_slash(response: &Response) -> bool {
///     response.error().is_some_and(|error| error.downcast_ref::<AppendSlashError>().is_some())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{method} to a URL that does not end with a slash, and APPEND_SLASH is set: a redirect would lose the \
     data; change the form to point to {url} (note the slash at the end), or set APPEND_SLASH = false"
)]
pub struct AppendSlashError {
    method: Method,
    url: String,
}

impl CommonMiddleware {
    fn lacks_slash(request: &Request) -> bool {
        let path = request.path();
        let urls = &request.site().urls;
        request.settings().append_slash
            && !path.ends_with('/')
            && !urls.is_valid_path(path)
            && urls.is_valid_path(&format!("{path}/"))
    }

    fn path_with_slash(request: &Request) -> Result<String> {
        let mut path = encoding::escape_path(request.path()).into_owned();
        path.push('/');
        if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
            path.push('?');
            path.push_str(&encoding::iri_to_uri(query));
        }
        let path = encoding::escape_leading_slashes(path.into()).into_owned();
        let loses_data =
            matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
        if loses_data && request.settings().debug {
            let url = format!("{}{path}", request.host()?);
            return Err(AppendSlashError { method: request.method().clone(), url }.into());
        }
        Ok(path)
    }
}

impl Middleware for CommonMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let host = request.host()?;
            if request.settings().prepend_www && !host.starts_with("www.") {
                let path = match Self::lacks_slash(request) {
                    true => Self::path_with_slash(request)?,
                    false => request.full_path(),
                };
                let url = format!("{}://www.{host}{path}", request.scheme());
                return Ok(Response::permanent_redirect(url));
            }
            let response = next.run(request).await?;
            if response.status() == StatusCode::NOT_FOUND && Self::lacks_slash(request) {
                return Self::path_with_slash(request).map(Response::permanent_redirect);
            }
            Ok(response)
        })
    }
}
