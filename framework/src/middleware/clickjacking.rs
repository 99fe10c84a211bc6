//! `X-Frame-Options`, as in `django/middleware/clickjacking.py`.

use http::{HeaderValue, header::X_FRAME_OPTIONS};

use super::{Middleware, Next};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    settings::{Settings, SettingsErrors},
    view::FrameExempt,
};

/// Sets `X-Frame-Options`, so that other sites cannot show a page in a frame. A default middleware.
///
/// # Examples
///
/// A view that sets the header keeps its value, and
/// [`xframe_options_exempt`](crate::view::xframe_options_exempt()) leaves the header out:
///
/// ```
/// use nuages::prelude::*;
///
/// fn widget(request: &mut Request) -> Result<Response> {
///     Ok(render(request, "widget.html", context! {})?.with_header("X-Frame-Options", "SAMEORIGIN"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct XFrameOptionsMiddleware {
    value: HeaderValue,
}

impl XFrameOptionsMiddleware {
    /// Reads the setting `X_FRAME_OPTIONS`.
    ///
    /// # Errors
    ///
    /// If its value cannot be sent as a header.
    pub fn new(settings: &Settings) -> Result<Self, SettingsErrors> {
        let text = settings.security.x_frame_options.as_str();
        Ok(Self { value: super::security::header_value(settings, "X_FRAME_OPTIONS", text)? })
    }
}

impl Middleware for XFrameOptionsMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut response = next.run(request).await?;
            if response.extensions().get::<FrameExempt>().is_some() {
                return Ok(response);
            }
            response.headers_mut().entry(X_FRAME_OPTIONS).or_insert_with(|| self.value.clone());
            Ok(response)
        })
    }
}
