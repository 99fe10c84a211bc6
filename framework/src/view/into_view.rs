//! The trait of everything that answers a request, and the conversion of functions and types into it.

use std::{str::FromStr, sync::Arc};

use crate::{
    BoxFuture, Result,
    http::{Request, Response},
};

/// Answers a request.
///
/// Most views are functions (see [`IntoView`]). Implement this trait for a view that has data of its own,
/// or that wraps other views.
///
/// # Examples
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
/// let route = path("about/", Page("a small shop")).name("about");
/// ```
pub trait View: Send + Sync + 'static {
    /// The number of captured values that the view takes.
    fn arity(&self) -> usize;
    /// The name in errors and on the debug page: the path of the function or the type.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
    /// Whether the view is exempt from the CSRF check. Default false; see
    /// [`csrf_exempt`](crate::view::csrf_exempt()).
    fn csrf_exempt(&self) -> bool {
        false
    }

    /// Returns whether the view may block its thread; see [`blocking`](super::blocking()).
    fn may_block(&self) -> bool {
        false
    }
    /// Answers the request, which holds the captured values.
    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>>;
}

/// The methods of a view that is, but for its `call`, as the view in one of its fields.
macro_rules! described_by {
    ($field:ident) => {
        fn arity(&self) -> usize {
            self.$field.arity()
        }

        fn name(&self) -> &'static str {
            self.$field.name()
        }

        fn csrf_exempt(&self) -> bool {
            self.$field.csrf_exempt()
        }

        fn may_block(&self) -> bool {
            self.$field.may_block()
        }
    };
}
pub(crate) use described_by;

/// A type that a captured value can be parsed into. Every `FromStr` type is one.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::path};
/// use std::str::FromStr;
///
/// enum Color {
///     Red,
///     Blue,
/// }
/// impl FromStr for Color {
///     type Err = ();
///     fn from_str(text: &str) -> Result<Self, ()> {
///         match text {
///             "red" => Ok(Self::Red),
///             "blue" => Ok(Self::Blue),
///             _ => Err(()), // a 404
///         }
///     }
/// }
///
/// fn paint(_: &mut Request, color: Color) -> &'static str {
///     match color {
///         Color::Red => "roses",
///         Color::Blue => "violets",
///     }
/// }
/// let route = path("paint/<slug:color>/", paint);
/// ```
pub trait FromParam: Sized {
    /// Parses the value; `None` is a 404.
    fn from_param(text: &str) -> Option<Self>;
}

impl<T: FromStr> FromParam for T {
    fn from_param(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Everything that converts into a view: a function, or a type that implements [`View`].
///
/// The parameter `Via` is inferred.
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
    note = "its other arguments, at most six, are the values that the URL captures; each type is `FromStr`",
    note = "`R` is `Response`, `String`, `&'static str`, `Html<T>`, `Json<T>` or a `Result` of one of these",
    note = "an `async fn` is not a view if it keeps a value across `.await` that is not `Send`, such as an `Rc`"
)]
pub trait IntoView<Via> {
    /// Converts the value into a view.
    fn into_view(self) -> Arc<dyn View>;
}

/// Marks, for the compiler, a conversion of a type that implements the trait itself. Never written by hand.
///
/// # Examples
///
/// ```
/// use nuages::view::{IntoView, View, ViaSelf};
///
/// fn is_a_view<V: IntoView<ViaSelf>>(_: &V) {}
/// is_a_view(&nuages::view::methods());
/// ```
pub struct ViaSelf;

impl<V: View> IntoView<ViaSelf> for V {
    fn into_view(self) -> Arc<dyn View> {
        Arc::new(self)
    }
}
