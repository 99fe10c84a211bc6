//! Views: `fn` and `async fn` that take `&mut Request` and then the URL's captured values, typed.
//!
//! `path()` turns either into a [`View`] through [`IntoView`], whose marker parameter inference picks.
//! A captured value that does not parse into its argument's type is a 404. Which URL leads to which
//! view, and whether the numbers of captures and arguments agree, is the business of `urls`.

mod blocking;
mod methods;

use std::{future::Future, marker::PhantomData, str::FromStr, sync::Arc};

use crate::{
    Error, Result,
    http::{IntoResponse, Request, Response},
};

pub use crate::future::BoxFuture;
pub(crate) use blocking::Watched;
pub use blocking::blocking;
pub use methods::{Methods, NotAllowed, csrf_exempt, methods, require_http_methods};

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
    /// Whether the view may block its thread; see [`blocking`].
    fn may_block(&self) -> bool {
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

/// Marker: `async fn`.
pub struct ViaAsync<Args>(PhantomData<fn(Args)>);
/// Marker: `fn`.
pub struct ViaSync<Args>(PhantomData<fn(Args)>);

/// Marker: a type that is a [`View`] by itself.
pub struct ViaSelf;

impl<V: View> IntoView<ViaSelf> for V {
    fn into_view(self) -> Arc<dyn View> {
        Arc::new(self)
    }
}

struct AsyncView<F, Args>(F, PhantomData<fn(Args)>);
struct SyncView<F, Args>(F, PhantomData<fn(Args)>);

/// An `async fn` view; implemented for functions, never by hand.
pub trait AsyncViewFn<'a, Args>: Send + Sync {
    /// What the future yields.
    type Out: IntoResponse;
    /// The future.
    type Fut: Future<Output = Self::Out> + Send + 'a;
    /// How many captured values it takes.
    const ARITY: usize;
    /// Calls it, or says that a captured value does not parse.
    fn call(&self, request: &'a mut Request) -> Result<Self::Fut>;
}

/// A plain `fn` view; implemented for functions, never by hand.
pub trait SyncViewFn<Args>: Send + Sync {
    /// How many captured values it takes.
    const ARITY: usize;
    /// Calls it.
    fn call(&self, request: &mut Request) -> Result<Response>;
}

fn param<T: FromParam>(request: &Request, index: usize) -> Result<T> {
    let (name, text) = request
        .params()
        .get(index)
        .ok_or_else(|| Error::new("the view takes more values than its URL captures"))?;
    T::from_param(text)
        .ok_or_else(|| Error::not_found(format!("{name} = {text:?} does not fit the view's argument")))
}

macro_rules! views {
    ($arity:literal; $($arg:ident = $index:literal),*) => {
        impl<'a, F, Fut, Out, $($arg: FromParam),*> AsyncViewFn<'a, ($($arg,)*)> for F
        where
            F: Fn(&'a mut Request, $($arg),*) -> Fut + Send + Sync,
            Fut: Future<Output = Out> + Send + 'a,
            Out: IntoResponse,
        {
            type Out = Out;
            type Fut = Fut;
            const ARITY: usize = $arity;
            #[allow(non_snake_case, reason = "the type parameters name the arguments")]
            fn call(&self, request: &'a mut Request) -> Result<Fut> {
                $(let $arg: $arg = param(request, $index)?;)*
                Ok(self(request, $($arg),*))
            }
        }

        impl<F, Out, $($arg: FromParam),*> SyncViewFn<($($arg,)*)> for F
        where
            F: Fn(&mut Request, $($arg),*) -> Out + Send + Sync,
            Out: IntoResponse,
        {
            const ARITY: usize = $arity;
            #[allow(non_snake_case, reason = "the type parameters name the arguments")]
            fn call(&self, request: &mut Request) -> Result<Response> {
                $(let $arg: $arg = param(request, $index)?;)*
                self(request, $($arg),*).into_response()
            }
        }

        impl<F, $($arg),*> IntoView<ViaAsync<($($arg,)*)>> for F
        where
            $($arg: FromParam + 'static,)*
            F: for<'a> AsyncViewFn<'a, ($($arg,)*)> + 'static,
        {
            fn into_view(self) -> Arc<dyn View> {
                Arc::new(AsyncView::<F, ($($arg,)*)>(self, PhantomData))
            }
        }

        impl<F, $($arg),*> IntoView<ViaSync<($($arg,)*)>> for F
        where
            $($arg: FromParam + 'static,)*
            F: SyncViewFn<($($arg,)*)> + 'static,
        {
            fn into_view(self) -> Arc<dyn View> {
                Arc::new(SyncView::<F, ($($arg,)*)>(self, PhantomData))
            }
        }
    };
}

views!(0;);
views!(1; A = 0);
views!(2; A = 0, B = 1);
views!(3; A = 0, B = 1, C = 2);
views!(4; A = 0, B = 1, C = 2, D = 3);
views!(5; A = 0, B = 1, C = 2, D = 3, E = 4);
views!(6; A = 0, B = 1, C = 2, D = 3, E = 4, G = 5);

impl<F, Args: 'static> View for AsyncView<F, Args>
where
    F: for<'a> AsyncViewFn<'a, Args> + 'static,
{
    fn arity(&self) -> usize {
        <F as AsyncViewFn<'_, Args>>::ARITY
    }

    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move { AsyncViewFn::call(&self.0, request)?.await.into_response() })
    }
}

impl<F, Args: 'static> View for SyncView<F, Args>
where
    F: SyncViewFn<Args> + 'static,
{
    fn arity(&self) -> usize {
        F::ARITY
    }

    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move { SyncViewFn::call(&self.0, request) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(_: &mut Request) -> &'static str {
        ""
    }

    async fn waiting(_: &mut Request, _: u32, _: String) -> Result<String> {
        Ok(String::new())
    }

    #[test]
    fn a_view_knows_its_name_and_how_many_values_it_takes() {
        let plain = plain.into_view();
        assert_eq!((plain.arity(), plain.name()), (0, "nuages::view::tests::plain"));
        let waiting = waiting.into_view();
        assert_eq!((waiting.arity(), waiting.name()), (2, "nuages::view::tests::waiting"));
        let closure = (|_: &mut Request, _: i64| "").into_view();
        assert_eq!(closure.arity(), 1);
        assert!(closure.name().ends_with("{{closure}}"));
    }
}
