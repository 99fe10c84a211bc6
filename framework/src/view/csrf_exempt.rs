//! Views without the CSRF check.

use std::sync::Arc;

use super::{IntoView, View};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
};

/// A view that the CSRF middleware does not check.
struct Exempt(Arc<dyn View>);

/// Exempts a view from the CSRF check, like Django's `csrf_exempt`.
///
/// Use it for webhooks and APIs that authenticate each request in another way than with a cookie.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::csrf_exempt};
///
/// async fn webhook(request: &mut Request) -> Result<StatusCode> {
///     let event: Value = request.json().await?;
///     Ok(if event["ok"] == json!(true) { StatusCode::OK } else { StatusCode::ACCEPTED })
/// }
/// let route = path("webhook/", csrf_exempt(webhook));
/// ```
pub fn csrf_exempt<Via>(view: impl IntoView<Via>) -> impl View {
    Exempt(view.into_view())
}

impl View for Exempt {
    fn arity(&self) -> usize {
        self.0.arity()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn csrf_exempt(&self) -> bool {
        true
    }

    fn may_block(&self) -> bool {
        self.0.may_block()
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        self.0.call(request)
    }
}
