//! Views that run only if the client's copy is not current: Django's `condition`
//! (`django/views/decorators/http.py`).

use std::{future::Future, sync::Arc};

use super::{IntoView, View, described_by};
use crate::{
    BoxFuture, Result,
    http::{Request, Response, Validators},
};

/// An `async fn` that returns the entity tag and the last change of a page. It is implemented for functions;
/// never implement it by hand.
///
/// # Examples
///
/// ```
/// use nuages::{http::Validators, prelude::*, view::ValidatorsFn};
///
/// fn describes_a_page<F: for<'a> ValidatorsFn<'a>>(_: F) {}
///
/// async fn version(_: &mut Request) -> Result<Validators> {
///     Ok(Validators { etag: Some("\"v1\"".to_owned()), last_modified: None })
/// }
/// describes_a_page(version);
/// ```
pub trait ValidatorsFn<'a>: Send + Sync {
    /// The future that the function returns.
    type Fut: Future<Output = Result<Validators>> + Send + 'a;
    /// Calls the function.
    fn call(&self, request: &'a mut Request) -> Self::Fut;
}

impl<'a, F, Fut> ValidatorsFn<'a> for F
where
    F: Fn(&'a mut Request) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Validators>> + Send + 'a,
{
    type Fut = Fut;
    fn call(&self, request: &'a mut Request) -> Fut {
        self(request)
    }
}

struct Conditional<F> {
    validators: F,
    view: Arc<dyn View>,
}

/// Answers 304 or 412 in place of the view if the client's copy is current or its condition does not hold,
/// like Django's `condition`. `validators` is an `async fn(&mut Request) -> Result<Validators>` that costs
/// less than the view; the response gets its `ETag` and `Last-Modified`, unless the view sets them.
///
/// # Examples
///
/// ```
/// use nuages::{http::Validators, prelude::*, urls::path, view::conditional};
///
/// async fn version(request: &mut Request) -> Result<Validators> {
///     let id: u64 = request.param("id")?;
///     Ok(Validators { etag: Some(format!("\"article-{id}-v3\"")), last_modified: None })
/// }
/// fn article(_: &mut Request, id: u64) -> String {
///     format!("the long article {id}")
/// }
/// let route = path("articles/<int:id>/", conditional(version, article));
/// ```
pub fn conditional<F, Via>(validators: F, view: impl IntoView<Via>) -> impl View
where
    F: for<'a> ValidatorsFn<'a> + 'static,
{
    Conditional { validators, view: view.into_view() }
}

impl<F> View for Conditional<F>
where
    F: for<'a> ValidatorsFn<'a> + 'static,
{
    described_by!(view);

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut validators = self.validators.call(&mut *request).await?;
            if let Some(response) = validators.precondition(request.method(), request.headers()) {
                return Ok(response);
            }
            let mut response = self.view.call(&mut *request).await?;
            // As in Django: only the responses to GET and HEAD are the page itself.
            if matches!(*request.method(), http::Method::GET | http::Method::HEAD) {
                if response.header("etag").is_some() {
                    validators.etag = None;
                }
                if response.header("last-modified").is_some() {
                    validators.last_modified = None;
                }
                validators.describe(&mut response);
            }
            Ok(response)
        })
    }
}
