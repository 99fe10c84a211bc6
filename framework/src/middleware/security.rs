//! Redirects to HTTPS and security headers, as in `django/middleware/security.py`.

use http::{
    HeaderName, HeaderValue,
    header::{REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS},
};
use regex::Regex;

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    settings::{CrossOriginOpenerPolicy, Settings, SettingsErrors},
};

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Redirects to HTTPS and sets the headers of the `SECURE_*` settings. A default middleware.
///
/// # Examples
///
/// A view that sets one of the headers keeps its value:
///
/// ```
/// use nuages::prelude::*;
///
/// fn page(_: &mut Request) -> Response {
///     Response::text("no link of this page says where it came from")
///         .with_header("Referrer-Policy", "no-referrer")
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SecurityMiddleware {
    redirect: bool,
    redirect_host: Option<String>,
    redirect_exempt: Vec<Regex>,
    transport: Option<HeaderValue>,
    always: Vec<(HeaderName, HeaderValue)>,
}

impl SecurityMiddleware {
    /// Reads the `SECURE_*` settings.
    ///
    /// # Errors
    ///
    /// If a value cannot be sent as a header.
    pub fn new(settings: &Settings) -> Result<Self, SettingsErrors> {
        let security = &settings.security;
        let mut transport = None;
        if !security.hsts.is_zero() {
            let mut text = format!("max-age={}", security.hsts.as_secs());
            if security.hsts_include_subdomains {
                text.push_str("; includeSubDomains");
            }
            if security.hsts_preload {
                text.push_str("; preload");
            }
            transport = Some(header_value(settings, "SECURE_HSTS_SECONDS", &text)?);
        }
        let mut redirect_exempt = Vec::new();
        for pattern in &security.redirect_exempt {
            let exempt = Regex::new(pattern)
                .map_err(|error| settings.error("SECURE_REDIRECT_EXEMPT", error.to_string()))?;
            redirect_exempt.push(exempt);
        }
        let mut always = Vec::new();
        if security.content_type_nosniff {
            always.push((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
        }
        if let Some(policy) = security.referrer_policy.as_deref().filter(|policy| !policy.is_empty()) {
            let policies: Vec<&str> = policy.split(',').map(str::trim).collect();
            always.push((
                REFERRER_POLICY,
                header_value(settings, "SECURE_REFERRER_POLICY", &policies.join(","))?,
            ));
        }
        let opener = security.cross_origin_opener_policy.map(CrossOriginOpenerPolicy::as_str);
        if let Some(policy) = opener.filter(|policy| !policy.is_empty()) {
            always
                .push((OPENER_POLICY, header_value(settings, "SECURE_CROSS_ORIGIN_OPENER_POLICY", policy)?));
        }
        Ok(Self {
            redirect: security.ssl_redirect,
            redirect_host: security.ssl_host.clone(),
            redirect_exempt,
            transport,
            always,
        })
    }

    fn wants_https(&self, request: &Request) -> bool {
        let path = request.path().trim_start_matches('/');
        let exempt = |pattern: &Regex| pattern.is_match(path);
        self.redirect && !request.is_secure() && !self.redirect_exempt.iter().any(exempt)
    }
}

impl Middleware for SecurityMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut response = if self.wants_https(request) {
                let host = match &self.redirect_host {
                    Some(host) => host,
                    None => request.host()?,
                };
                Response::permanent_redirect(format!("https://{host}{}", request.full_path()))
            } else {
                next.run(request).await?
            };
            let headers = response.headers_mut();
            for (name, value) in &self.always {
                headers.entry(name).or_insert_with(|| value.clone());
            }
            if let Some(value) = self.transport.as_ref().filter(|_| request.is_secure()) {
                headers.entry(STRICT_TRANSPORT_SECURITY).or_insert_with(|| value.clone());
            }
            Ok(response)
        })
    }
}

/// The value of a header, from the setting `name`.
pub(super) fn header_value(
    settings: &Settings,
    name: &str,
    text: &str,
) -> Result<HeaderValue, SettingsErrors> {
    HeaderValue::from_str(text)
        .map_err(|_| settings.error(name, "this value cannot be sent as a header").into())
}
