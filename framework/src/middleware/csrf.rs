//! Protection against cross-site request forgery: `django/middleware/csrf.py`, with its cookie.
//!
//! A request that may change something must carry the secret of the cookie `csrftoken` in its form or
//! in a header, and come from this site by its `Origin` (over HTTPS by its `Referer` where no `Origin`
//! is sent). Views wrapped in [`csrf_exempt`](crate::view::csrf_exempt) are not checked.

use http::{Method, header};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Error, Result, crypto, error_page,
    http::{CsrfToken, QueryDict, Request, Response, SetCookie, csrf_token::secret_of, host, is_form, url},
    settings::{CsrfSettings, Settings},
};

/// The field of a form that holds the token.
const FIELD: &str = "csrfmiddlewaretoken";

/// Why a request was refused: a 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CSRF verification failed: {reason}")]
pub struct CsrfRejected {
    reason: String,
}

/// Checks requests that may change something, and sets the cookie where the token was asked for.
#[derive(Clone, Debug)]
pub struct CsrfMiddleware {
    settings: CsrfSettings,
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
    /// As the `CSRF_*` settings say.
    pub fn new(settings: &Settings) -> Self {
        let trusted = |origin: &String| {
            let (scheme, host) = url::split(origin);
            Trusted { scheme, below: host.starts_with('*'), host: host.trim_start_matches('*').to_owned() }
        };
        let csrf = settings.csrf.clone();
        Self {
            header_name: host::header_name(&csrf.header_name).into_owned(),
            trusted: csrf.trusted_origins.iter().map(trusted).collect(),
            settings: csrf,
        }
    }

    /// Django's `process_view`.
    async fn check(&self, request: &mut Request) -> Result<(), Error> {
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        let exempt = request.route().is_some_and(|route| route.csrf_exempt);
        if safe || exempt || request.extension::<Unchecked>().is_some() {
            return Ok(());
        }
        if let Some(origin) = request.headers().get(header::ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            if !self.origin_fits(request, &origin) {
                return Err(reject(format!("the Origin {origin:?} is not a trusted one")));
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
            return Err("no Referer, which HTTPS requests need".to_owned());
        };
        let (scheme, authority) = referer.to_str().map(url::split).unwrap_or_default();
        if scheme.is_empty() || authority.is_empty() || authority.contains('[') != authority.contains(']') {
            return Err("the Referer is malformed".to_owned());
        }
        if scheme != "https" {
            return Err("the Referer is insecure while the host is secure".to_owned());
        }
        let host = request.checked_host().unwrap_or_default();
        let own = match &self.settings.cookie_domain {
            None => host.to_owned(),
            Some(domain) => match host.rsplit_once(':').map(|(_, port)| port) {
                Some(port) if port != "443" && port != "80" && !port.ends_with(']') => {
                    format!("{domain}:{port}")
                }
                _ => domain.clone(),
            },
        };
        let listed = |trusted: &Trusted| host::is_same_domain(&authority, &trusted.host);
        if host::is_same_domain(&authority, &own) || self.trusted.iter().any(listed) {
            return Ok(());
        }
        Err(format!("the Referer {authority:?} is not a trusted one"))
    }

    async fn check_token(&self, request: &mut Request) -> Result<(), Error> {
        let cookie = request.cookies().get(&self.settings.cookie_name).map(secret_of);
        let secret = match cookie {
            None => return Err(reject("the CSRF cookie is not set")),
            Some(Err(shape)) => return Err(reject(format!("the CSRF cookie {shape}"))),
            Some(Ok(secret)) => secret,
        };
        let mut token = String::new();
        if *request.method() == Method::POST && is_form(&request.content_type()) {
            let form: QueryDict = request.form().await?;
            token = form.get(FIELD).unwrap_or_default().to_owned();
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
            ..cookie
        });
        response.vary_on("Cookie");
    }
}

impl Middleware for CsrfMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let token = match request.cookies().get(&self.settings.cookie_name).map(secret_of) {
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
                self.set_cookie(request, &mut response, secret);
            }
            Ok(response)
        })
    }
}

/// Among a request's extensions: CSRF is not checked. Only the test client sets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unchecked;

fn reject(reason: impl Into<String>) -> Error {
    Error::from(CsrfRejected { reason: reason.into() }).set_status(http::StatusCode::FORBIDDEN)
}
