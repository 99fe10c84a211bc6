//! `X-Frame-Options`, as `django/middleware/clickjacking.py`.

use http::{HeaderValue, header::X_FRAME_OPTIONS};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    settings::{Settings, SettingsErrors},
};

/// Keeps pages out of frames on other sites, unless a view set `X-Frame-Options` itself.
#[derive(Clone, Debug)]
pub struct XFrameOptionsMiddleware {
    value: HeaderValue,
}

impl XFrameOptionsMiddleware {
    /// As `X_FRAME_OPTIONS` says.
    ///
    /// # Errors
    ///
    /// Where its value cannot be sent as a header.
    pub fn new(settings: &Settings) -> Result<Self, SettingsErrors> {
        let text = settings.security.x_frame_options.as_str();
        Ok(Self { value: super::security::header_value(settings, "X_FRAME_OPTIONS", text)? })
    }
}

impl Middleware for XFrameOptionsMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut response = next.run(request).await?;
            response.headers_mut().entry(X_FRAME_OPTIONS).or_insert_with(|| self.value.clone());
            Ok(response)
        })
    }
}
