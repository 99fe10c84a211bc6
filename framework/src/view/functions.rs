//! `fn` and `async fn` as views: the implementations of [`IntoView`] for functions of up to six arguments.

use std::{future::Future, marker::PhantomData, sync::Arc};

use super::{FromParam, IntoView, View};
use crate::{
    BoxFuture, Error, Result,
    http::{IntoResponse, Request, Response},
};

/// Marks, for the compiler, the conversion of an `async fn` into a view. Never written by hand.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, view::{IntoView, ViaAsync}};
///
/// async fn index(_: &mut Request) -> &'static str {
///     "hello"
/// }
/// let view = IntoView::<ViaAsync<()>>::into_view(index);
/// assert_eq!(view.arity(), 0);
/// ```
pub struct ViaAsync<Args>(PhantomData<fn(Args)>);
/// Marks, for the compiler, the conversion of a plain `fn` into a view. Never written by hand.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, view::{IntoView, ViaSync}};
///
/// fn article(_: &mut Request, id: u64) -> String {
///     format!("article {id}")
/// }
/// let view = IntoView::<ViaSync<(u64,)>>::into_view(article);
/// assert_eq!(view.arity(), 1);
/// ```
pub struct ViaSync<Args>(PhantomData<fn(Args)>);

struct AsyncView<F, Args>(F, PhantomData<fn(Args)>);
struct SyncView<F, Args>(F, PhantomData<fn(Args)>);

/// An `async fn` that is a view. It is implemented for functions; never implement it by hand.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, view::AsyncViewFn};
///
/// fn takes_one_value<F: for<'a> AsyncViewFn<'a, (u64,)>>(_: F) {}
///
/// async fn article(_: &mut Request, id: u64) -> String {
///     format!("article {id}")
/// }
/// takes_one_value(article);
/// ```
pub trait AsyncViewFn<'a, Args>: Send + Sync {
    /// The response type.
    type Out: IntoResponse;
    /// The future that the function returns.
    type Fut: Future<Output = Self::Out> + Send + 'a;
    /// The number of captured values that the function takes.
    const ARITY: usize;
    /// Calls the function. A captured value that does not parse is a 404.
    fn call(&self, request: &'a mut Request) -> Result<Self::Fut>;
}

/// A plain `fn` that is a view. It is implemented for functions; never implement it by hand.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, view::SyncViewFn};
///
/// fn takes_no_value<F: SyncViewFn<()>>(_: F) {}
///
/// takes_no_value(|_: &mut Request| "hello");
/// ```
pub trait SyncViewFn<Args>: Send + Sync {
    /// The number of captured values that the function takes.
    const ARITY: usize;
    /// Calls the function.
    fn call(&self, request: &mut Request) -> Result<Response>;
}

fn param<T: FromParam>(request: &Request, index: usize) -> Result<T> {
    let (name, text) = request
        .params()
        .get(index)
        .ok_or_else(|| Error::new("the view takes more values than its URL pattern captures"))?;
    T::from_param(text).ok_or_else(|| {
        Error::not_found(format!("{name} = {text:?} does not parse into the type of the view's argument"))
    })
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
    fn a_view_knows_its_name_and_the_number_of_its_values() {
        let plain = plain.into_view();
        assert_eq!((plain.arity(), plain.name()), (0, "nuages::view::functions::tests::plain"));
        let waiting = waiting.into_view();
        assert_eq!((waiting.arity(), waiting.name()), (2, "nuages::view::functions::tests::waiting"));
        let closure = (|_: &mut Request, _: i64| "").into_view();
        assert_eq!(closure.arity(), 1);
        assert!(closure.name().ends_with("{{closure}}"));
    }
}
