//! Views by method, as Django's class-based `View` and its `require_http_methods` decorator.
//!
//! A plain view answers every method; one made here answers a wrong method with 405 and `Allow`, and
//! OPTIONS with 200 and `Allow`. HEAD is answered by the view for GET; the body is dropped later.

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
#[must_use = "methods answer nothing until they are given to a route"]
pub struct Methods(Vec<(Method, Arc<dyn View>)>);

/// No method is answered yet; see [`Methods`].
pub fn methods() -> Methods {
    Methods::default()
}

/// Lets a view answer these methods only, as Django's `require_http_methods`.
///
/// # Panics
///
/// Where a method is no token.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::require_http_methods};
///
/// fn index(request: &mut Request) -> String {
///     format!("you said {}", request.method())
/// }
/// let route = path("", require_http_methods(["GET", "POST"], index));
/// ```
pub fn require_http_methods<const N: usize, Via>(methods: [&str; N], view: impl IntoView<Via>) -> Methods {
    let view = view.into_view();
    let method = |name: &str| Method::from_bytes(name.as_bytes()).expect("a method is a token");
    Methods(methods.into_iter().map(|name| (method(name), Arc::clone(&view))).collect())
}

impl Methods {
    /// Answers GET, and HEAD unless that has its own view.
    pub fn get<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::GET, view)
    }

    /// Answers POST.
    pub fn post<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::POST, view)
    }

    /// Answers PUT.
    pub fn put<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::PUT, view)
    }

    /// Answers PATCH.
    pub fn patch<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::PATCH, view)
    }

    /// Answers DELETE.
    pub fn delete<Via>(self, view: impl IntoView<Via>) -> Self {
        self.on(Method::DELETE, view)
    }

    /// Answers any method.
    ///
    /// # Panics
    ///
    /// Where the view takes another number of captured values than those given before it: they share
    /// one URL. That is at start-up, when the routes are listed.
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
        // Only where every view says so: a form handler is never exempt by accident.
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

/// The view does not answer this method: a 405 that says which it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the method is not allowed (allowed: {allow})")]
pub struct NotAllowed {
    pub(crate) allow: String,
}

impl std::fmt::Debug for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(method, view)| (method, view.name()))).finish()
    }
}

/// A view that the CSRF middleware leaves alone.
struct Exempt(Arc<dyn View>);

/// Lets other sites post to a view, as Django's `csrf_exempt`: for webhooks and the like, which prove
/// by other means who they are.
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
    fn may_block(&self) -> bool {
        self.0.may_block()
    }

    fn arity(&self) -> usize {
        self.0.arity()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn csrf_exempt(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        self.0.call(request)
    }
}
