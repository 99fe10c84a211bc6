//! Protection against cross-site request forgery, as in `django/middleware/csrf.py`, with Django's cookie,
//! or with its value in the session (`CSRF_USE_SESSIONS`).
//!
//! A request with an unsafe method must contain the secret of the cookie `csrftoken` in its form or in a
//! header. Its `Origin` must be this site or a trusted one; without `Origin`, over HTTPS, its `Referer`.
//! Not checked are views wrapped in [`csrf_exempt`](crate::view::csrf_exempt), and paths that no view
//! answers: Django's `process_view` does not run for them either.

use http::{Method, header};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Error, Result, crypto, error_page,
    http::{
        CsrfToken, FormError, QueryDict, Request, Response, SetCookie,
        csrf_token::{TokenFormat, secret_of},
        host, is_form, is_multipart, url,
    },
    settings::{CsrfSettings, Settings},
};

/// The form field with the token.
const FIELD: &str = "csrfmiddlewaretoken";
/// The session's value with the secret under `CSRF_USE_SESSIONS`: Django's `CSRF_SESSION_KEY`.
const SESSION_KEY: &str = "_csrftoken";

/// A request failed the CSRF check: a 403 with the reason.
///
/// # Examples
///
/// ```
/// use nuages::{middleware::CsrfRejected, prelude::*};
///
/// fn failed_the_csrf_check(response: &Response) -> bool {
///     response.error().is_some_and(|error| error.downcast_ref::<CsrfRejected>().is_some())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CSRF verification failed: {reason}")]
pub struct CsrfRejected {
    reason: String,
}

/// Checks requests with unsafe methods, and sets the CSRF cookie if a view or a template used the token.
/// A default middleware.
///
/// # Examples
///
/// A form sends the token in a field that `csrf_input()` writes:
///
/// ```html
/// <form method="post">
///   {{ csrf_input() }}
///   <button>Save</button>
/// </form>
/// ```
///
/// A view that writes its HTML itself asks the request:
///
/// ```
/// use nuages::prelude::*;
///
/// fn form(request: &mut Request) -> Response {
///     let token = request.csrf_token();
///     Response::html(format!(
///         "<form method=post><input type=hidden name=csrfmiddlewaretoken value={token}><button>Save</button>"
///     ))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CsrfMiddleware {
    settings: CsrfSettings,
    session_cookie_domain: Option<String>,
    header_name: String,
    trusted: Vec<Trusted>,
}

/// One of `CSRF_TRUSTED_ORIGINS`: `https://example.com` or `https://*.example.com`.
#[derive(Clone, Debug)]
struct Trusted {
    scheme: String,
    host: String,
    below: bool,
}

impl CsrfMiddleware {
    /// Reads the `CSRF_*` settings.
    pub fn new(settings: &Settings) -> Self {
        let trusted = |origin: &String| {
            let (scheme, host) = url::split(origin);
            Trusted { scheme, below: host.starts_with('*'), host: host.trim_start_matches('*').to_owned() }
        };
        let csrf = settings.csrf.clone();
        Self {
            header_name: host::header_name(&csrf.header_name).into_owned(),
            trusted: csrf.trusted_origins.iter().map(trusted).collect(),
            session_cookie_domain: settings.session.cookie_domain.clone(),
            settings: csrf,
        }
    }

    /// Django's `process_view`.
    async fn check(&self, request: &mut Request) -> Result<(), Error> {
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        // Without a view nothing changes, and a 403 would hide the 404 or the redirect to the URL with a slash.
        let exempt = request.route().is_none_or(|route| route.csrf_exempt);
        if safe || exempt || request.extension::<Unchecked>().is_some() {
            return Ok(());
        }
        if let Some(origin) = request.headers().get(header::ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            if !self.origin_fits(request, &origin) {
                return Err(reject(format!("the Origin {origin:?} is not trusted")));
            }
        } else if request.is_secure() {
            self.check_referer(request).map_err(reject)?;
        }
        self.check_token(request).await
    }

    fn origin_fits(&self, request: &Request, origin: &str) -> bool {
        let own = request.checked_host().is_ok_and(|host| origin == format!("{}://{host}", request.scheme()));
        let (scheme, authority) = url::split(origin);
        let listed = |trusted: &Trusted| match trusted.below {
            false => origin == format!("{}://{}", trusted.scheme, trusted.host),
            true => scheme == trusted.scheme && host::is_same_domain(&authority, &trusted.host),
        };
        own || self.trusted.iter().any(listed)
    }

    fn check_referer(&self, request: &Request) -> Result<(), String> {
        let Some(referer) = request.headers().get(header::REFERER) else {
            return Err("the Referer is missing, which HTTPS requests need".to_owned());
        };
        let (scheme, authority) = referer.to_str().map(url::split).unwrap_or_default();
        if scheme.is_empty() || authority.is_empty() || authority.contains('[') != authority.contains(']') {
            return Err("the Referer is malformed".to_owned());
        }
        if scheme != "https" {
            return Err("the Referer is insecure while the host is secure".to_owned());
        }
        let host = request.checked_host().unwrap_or_default();
        let domain = if self.settings.use_sessions {
            &self.session_cookie_domain
        } else {
            &self.settings.cookie_domain
        };
        let own = match (domain, request.port()) {
            (None, _) => host.to_owned(),
            (Some(domain), 443 | 80) => domain.clone(),
            (Some(domain), port) => format!("{domain}:{port}"),
        };
        let listed = |trusted: &Trusted| host::is_same_domain(&authority, &trusted.host);
        if host::is_same_domain(&authority, &own) || self.trusted.iter().any(listed) {
            return Ok(());
        }
        Err(format!("the Referer {authority:?} is not trusted"))
    }

    async fn check_token(&self, request: &mut Request) -> Result<(), Error> {
        if self.settings.use_sessions {
            request.session.touch();
        }
        let place =
            if self.settings.use_sessions { "the CSRF secret of the session" } else { "the CSRF cookie" };
        let secret = match self.secret(request) {
            None => return Err(reject(format!("{place} is not set"))),
            Some(Err(shape)) => return Err(reject(format!("{place} {shape}"))),
            Some(Ok(secret)) => secret,
        };
        let mut token = String::new();
        let kind = request.content_type();
        if *request.method() == Method::POST && is_form(&kind) {
            let form: QueryDict = request.form().await?;
            token = form.get(FIELD).unwrap_or_default().to_owned();
        }
        // A header spares reading the body: the view may then take it as a stream.
        let has_header = request.headers().contains_key(&self.header_name);
        if *request.method() == Method::POST && is_multipart(&kind) && !has_header {
            let found = request.find_part(FIELD).await.map_err(FormError::into_error)?;
            token = found.unwrap_or_default();
        }
        let mut place = "the form".to_owned();
        if token.is_empty() {
            let Some(sent) = request.headers().get(&self.header_name) else {
                return Err(reject("the CSRF token is missing"));
            };
            token = sent.as_bytes().iter().map(|&byte| char::from(byte)).collect();
            place = format!("the header {}", self.header_name);
        }
        match secret_of(&token) {
            Err(shape) => Err(reject(format!("the CSRF token from {place} {shape}"))),
            Ok(sent) if crypto::constant_time_eq(sent.as_bytes(), secret.as_bytes()) => Ok(()),
            Ok(_) => Err(reject(format!("the CSRF token from {place} is incorrect"))),
        }
    }

    /// The secret of the request. Looking at it does not count as reading the session.
    fn secret(&self, request: &Request) -> Option<Result<String, TokenFormat>> {
        if self.settings.use_sessions {
            let stored = request.session.peek(SESSION_KEY)?;
            return Some(secret_of(stored.as_str().unwrap_or_default()));
        }
        request.cookies().get(&self.settings.cookie_name).map(secret_of)
    }

    /// Keeps the secret for the visitor's next requests.
    fn keep(&self, request: &mut Request, response: &mut Response, secret: String) -> Result<()> {
        if !self.settings.use_sessions {
            self.set_cookie(request, response, secret);
            return Ok(());
        }
        request.session.touch();
        if request.session.peek(SESSION_KEY).and_then(|stored| stored.as_str()) != Some(&secret) {
            request.session.insert(SESSION_KEY, secret)?;
        }
        Ok(())
    }

    fn set_cookie(&self, request: &Request, response: &mut Response, secret: String) {
        let mut cookie = SetCookie::new(&self.settings.cookie_name, secret);
        if let Some(age) = self.settings.cookie_age {
            cookie = cookie.lasting(age, request.clock().now());
        }
        response.set_cookie(SetCookie {
            path: self.settings.cookie_path.clone(),
            domain: self.settings.cookie_domain.clone(),
            secure: self.settings.cookie_secure,
            httponly: self.settings.cookie_httponly,
            samesite: self.settings.cookie_samesite,
            partitioned: self.settings.cookie_partitioned,
            ..cookie
        });
        response.vary_on("Cookie");
    }
}

impl Middleware for CsrfMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let token = match self.secret(request) {
                None => CsrfToken::new(None),
                Some(Ok(secret)) => CsrfToken::new(Some(secret)),
                Some(Err(_)) => {
                    let token = CsrfToken::new(None);
                    token.rotate();
                    token
                }
            };
            request.extensions_mut().insert(token.clone());
            let mut response = match self.check(request).await {
                Ok(()) => next.run(request).await?,
                Err(error) => error_page::respond(request, error),
            };
            if let Some(secret) = token.take_to_send() {
                self.keep(request, &mut response, secret)?;
            }
            Ok(response)
        })
    }
}

/// Marks a request whose CSRF token is not checked, among its extensions. Only the test client sets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unchecked;

fn reject(reason: impl Into<String>) -> Error {
    Error::from(CsrfRejected { reason: reason.into() }).set_status(http::StatusCode::FORBIDDEN)
}
