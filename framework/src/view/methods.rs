//! Views by method, like Django's class-based `View` and its decorator `require_http_methods`.
//!
//! A plain view answers every method. A view made here answers other methods with a 405 and `Allow`, and
//! OPTIONS with a 200 and `Allow`. The view for GET answers HEAD; `app` drops the body.

use std::sync::Arc;

use http::{Method, StatusCode};

use super::{IntoView, View};
use crate::{
    BoxFuture, Error, Result,
    http::{Request, Response, join},
};

/// A view for each method: `methods().get(list).post(create)`.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::methods};
///
/// fn show(request: &mut Request, id: u64) -> String {
///     format!("article {id}")
/// }
/// async fn change(request: &mut Request, id: u64) -> Result<Response> {
///     request.session.insert("changed", id)?;
///     Ok(redirect(request.full_path()))
/// }
///
/// let route = path("articles/<int:id>/", methods().get(show).post(change));
/// ```
#[derive(Clone, Default)]
#[must_use = "methods answer nothing until a route has them"]
pub struct Methods(Vec<(Method, Arc<dyn View>)>);

/// Makes a [`Methods`] that answers no method yet.
pub fn methods() -> Methods {
    Methods::default()
}

/// Restricts a view to these methods, like Django's `require_http_methods`.
///
/// # Panics
///
/// If a method is not a token.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::require_http_methods};
///
/// fn index(request: &mut Request) -> String {
///     format!("this was a {}", request.method())
/// }
/// let route = path("", require_http_methods(["GET", "POST"], index));
/// ```
pub fn require_http_methods<const N: usize, Via>(methods: [&str; N], view: impl IntoView<Via>) -> Methods {
    let view = view.into_view();
    let method = |name: &str| Method::from_bytes(name.as_bytes()).expect("a method is a token");
    Methods(methods.into_iter().map(|name| (method(name), Arc::clone(&view))).collect())
}

impl Methods {
    /// Sets the view for GET, which also answers HEAD unless HEAD has a view.
    pub fn get<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::GET, view)
    }

    /// Sets the view for POST.
    pub fn post<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::POST, view)
    }

    /// Sets the view for PUT.
    pub fn put<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::PUT, view)
    }

    /// Sets the view for PATCH.
    pub fn patch<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::PATCH, view)
    }

    /// Sets the view for DELETE.
    pub fn delete<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::DELETE, view)
    }

    /// Sets the view for any method.
    ///
    /// # Panics
    ///
    /// If the view takes another number of captured values than the views set before it, since they share
    /// one URL. This happens at start-up, when the routes are listed.
    pub fn on<Via>(mut self, method: Method, view: impl IntoView<Via>) -> Self {
        let view = view.into_view();
        if let Some((other, first)) = self.0.first() {
            assert!(
                first.arity() == view.arity(),
                "the view {} for {method} takes {} captured values, but {} for {other} takes {}",
                view.name(),
                view.arity(),
                first.name(),
                first.arity(),
            );
        }
        self.0.retain(|(known, _)| *known != method);
        self.0.push((method, view));
        self
    }

    fn find(&self, method: &Method) -> Option<&dyn View> {
        self.0.iter().find(|(known, _)| known == method).map(|(_, view)| &**view)
    }

    fn allowed(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        if !names.contains(&"OPTIONS") {
            names.push("OPTIONS");
        }
        names.sort_unstable();
        names
    }
}

impl View for Methods {
    fn may_block(&self) -> bool {
        self.0.iter().any(|(_, view)| view.may_block())
    }

    fn arity(&self) -> usize {
        self.0.first().map_or(0, |(_, view)| view.arity())
    }

    fn name(&self) -> &'static str {
        self.0.first().map_or("methods", |(_, view)| view.name())
    }

    fn csrf_exempt(&self) -> bool {
        // Only if every view is exempt, so that no form handler is exempt by accident.
        !self.0.is_empty() && self.0.iter().all(|(_, view)| view.csrf_exempt())
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        let found = match *request.method() {
            Method::HEAD => self.find(&Method::HEAD).or_else(|| self.find(&Method::GET)),
            ref method => self.find(method),
        };
        if let Some(view) = found {
            return view.call(request);
        }
        let allow = join(&self.allowed());
        let options = *request.method() == Method::OPTIONS;
        Box::pin(async move {
            if options {
                return Ok(Response::empty(StatusCode::OK).with_header("Allow", allow));
            }
            Err(Error::from(NotAllowed { allow }).set_status(StatusCode::METHOD_NOT_ALLOWED))
        })
    }
}

/// The view does not answer this method: a 405 that names the allowed methods.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, view::NotAllowed};
///
/// async fn log_wrong_methods(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     let response = next.run(request).await?;
///     if let Some(refused) = response.error().and_then(|error| error.downcast_ref::<NotAllowed>()) {
///         eprintln!("{} {}: {refused}", request.method(), request.path());
///     }
///     Ok(response)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("method not allowed (allowed: {allow})")]
pub struct NotAllowed {
    pub(crate) allow: String,
}

impl std::fmt::Debug for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(method, view)| (method, view.name()))).finish()
    }
}
