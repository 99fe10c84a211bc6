//! Loads the user of the session: Django's `AuthenticationMiddleware`.
//!
//! Django loads the user when a view first asks for it. Here the user is loaded before the view, so that
//! `request.user()` never waits, and only if the session says that a user is logged in. Loading it does not
//! count as reading the session: the response varies by cookie only if the view asks for the user.

use super::load_user;
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    middleware::{Middleware, Next},
};

/// Loads the user of the session for [`Request::user`]. A default middleware.
///
/// # Examples
///
/// Custom middleware runs after it and sees the user:
///
/// ```
/// use nuages::prelude::*;
///
/// async fn staff_only(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     if request.path().starts_with("/office/") && !request.user().is_staff() {
///         return Ok(redirect(format!("/login/?next={}", request.full_path())));
///     }
///     next.run(request).await
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthenticationMiddleware;

impl Middleware for AuthenticationMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            load_user(request).await?;
            next.run(request).await
        })
    }
}
