//! Who is logged in: Django's `AuthenticationMiddleware`, through `contrib::auth`.
//!
//! Django looks the user up when a view first asks; here that happens before the view, and only where
//! the session says that someone is logged in, so that `request.user()` need not wait. It does not
//! count as reading the session: only a view that asks for the user makes the response vary by cookie.

use super::load_user;
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
    middleware::{Middleware, Next},
};

/// Makes `request.user()` the user that the session names.
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
