//! The trait that answers requests, and the conversion of functions and types into it.

use std::{str::FromStr, sync::Arc};

use crate::{
    BoxFuture, Result,
    http::{Request, Response},
};

/// What answers a request.
///
/// Usually written as a function (see [`IntoView`]); a type of one's own is a view as well:
///
/// ```
/// use nuages::{Result, http::{IntoResponse, Request, Response}};
/// use nuages::{urls::path, view::{BoxFuture, View}};
///
/// struct Page(&'static str);
///
/// impl View for Page {
///     fn arity(&self) -> usize {
///         0
///     }
///     fn call<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
///         Box::pin(async { self.0.into_response() })
///     }
/// }
///
/// let route = path("about/", Page("who we are")).name("about");
/// ```
pub trait View: Send + Sync + 'static {
    /// How many captured values the view takes.
    fn arity(&self) -> usize;
    /// What errors and the debug page call it: the path of the function, or of the type.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
    /// Whether forms of other sites may post to it; see [`csrf_exempt`].
    fn csrf_exempt(&self) -> bool {
        false
    }
    /// Answers the request; the captured values lie in it.
    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>>;
}

/// A type that a captured value can become: every `FromStr`.
pub trait FromParam: Sized {
    /// The value, or `None`, which is a 404.
    fn from_param(text: &str) -> Option<Self>;
}

impl<T: FromStr> FromParam for T {
    fn from_param(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// What can stand as a view: a function, or a type that implements [`View`].
///
/// # Examples
///
/// ```
/// use nuages::{Result, http::Request, urls::path};
///
/// fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
/// async fn article(_: &mut Request, year: u32, slug: String) -> Result<String> {
///     Ok(format!("{slug} of {year}"))
/// }
///
/// let routes = vec![
///     path("", index),
///     path("articles/<int:year>/<slug:slug>/", article),
///     path("ping/", |_: &mut Request| "pong"),
/// ];
/// # assert_eq!(routes.len(), 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    label = "not a view",
    note = "a view is `fn(&mut Request, ..) -> R` or `async fn(&mut Request, ..) -> R`",
    note = "its other arguments, six at most, are what the URL captures, each of a type that is `FromStr`",
    note = "`R` is `Response`, `String`, `&'static str`, `Json<T>` or a `Result` of one of these",
    note = "an `async fn` that keeps something across `.await` that is not `Send`, such as an `Rc`, is no view"
)]
pub trait IntoView<Via> {
    /// The view.
    fn into_view(self) -> Arc<dyn View>;
}

/// Marker: a type that is a [`View`] by itself.
pub struct ViaSelf;

impl<V: View> IntoView<ViaSelf> for V {
    fn into_view(self) -> Arc<dyn View> {
        Arc::new(self)
    }
}
