//! `Content-Security-Policy`, as in `django/middleware/csp.py` of Django 6.0.

use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY},
};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{CspNonce, Request, Response},
    settings::{ContentSecurityPolicy, Settings},
    view::CspExempt,
};

/// Sends the policies of `SECURE_CSP` and `SECURE_CSP_REPORT_ONLY`. A default middleware if one of them is
/// set.
///
/// # Examples
///
/// A view that sets the header keeps its value, and [`csp_exempt`](crate::view::csp_exempt()) leaves both
/// headers out:
///
/// ```
/// use nuages::prelude::*;
///
/// fn map(request: &mut Request) -> Result<Response> {
///     let page = render(request, "map.html", context! {})?;
///     Ok(page.with_header("Content-Security-Policy", "default-src 'self' https://tiles.example.com"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ContentSecurityPolicyMiddleware {
    policies: Vec<(HeaderName, ContentSecurityPolicy)>,
}

impl ContentSecurityPolicyMiddleware {
    /// Reads the policies.
    pub fn new(settings: &Settings) -> Self {
        let policies = [
            (CONTENT_SECURITY_POLICY, &settings.security.csp),
            (CONTENT_SECURITY_POLICY_REPORT_ONLY, &settings.security.csp_report_only),
        ];
        let used = policies.into_iter().filter(|(_, policy)| !policy.is_empty());
        Self { policies: used.map(|(name, policy)| (name, policy.clone())).collect() }
    }

    /// Whether there is no policy to send.
    pub(crate) fn is_idle(&self) -> bool {
        self.policies.is_empty()
    }
}

impl Middleware for ContentSecurityPolicyMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let nonce = CspNonce::default();
            request.extensions_mut().insert(nonce.clone());
            let mut response = next.run(request).await?;
            if response.extensions().get::<CspExempt>().is_some() {
                return Ok(response);
            }
            for (name, policy) in &self.policies {
                let text = policy.header(nonce.used());
                if let (false, Ok(value)) = (text.is_empty(), HeaderValue::try_from(text)) {
                    response.headers_mut().entry(name).or_insert(value);
                }
            }
            Ok(response)
        })
    }
}
