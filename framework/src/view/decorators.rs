//! Views with other response headers, like Django's decorators of views
//! (`django/views/decorators/`).
//!
//! They change the response that the view returns. An error page keeps its own headers.

use std::sync::Arc;

use super::{IntoView, View, described_by};
use crate::{
    BoxFuture, Result,
    http::{Request, Response},
};

/// Marks a response that gets no `X-Frame-Options`, among its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameExempt;

/// Marks a response that gets no content security policy, among its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CspExempt;

/// A view whose responses are changed.
struct Changed<F> {
    view: Arc<dyn View>,
    change: F,
}

impl<F: Fn(&mut Response) + Send + Sync + 'static> View for Changed<F> {
    described_by!(view);

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut response = self.view.call(request).await?;
            (self.change)(&mut response);
            Ok(response)
        })
    }
}

/// Keeps a view's responses out of all caches, like Django's `never_cache`.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::never_cache};
///
/// fn balance(_: &mut Request) -> &'static str {
///     "12.50"
/// }
/// let route = path("balance/", never_cache(balance));
/// ```
pub fn never_cache<Via>(view: impl IntoView<Via>) -> impl View {
    let change = |response: &mut Response| {
        response.never_cache();
    };
    Changed { view: view.into_view(), change }
}

/// Adds directives to the `Cache-Control` of a view's responses, like Django's `cache_control`. What the
/// view sets itself is kept as [`Response::cache_control`] says.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::cache_control};
///
/// fn logo(_: &mut Request) -> Vec<u8> {
///     vec![]
/// }
/// let route = path("logo/", cache_control("public, max-age=3600", logo));
/// ```
pub fn cache_control<Via>(directives: &str, view: impl IntoView<Via>) -> impl View {
    let directives: Vec<String> =
        directives.split(',').map(|directive| directive.trim().to_owned()).collect();
    let change = move |response: &mut Response| {
        for directive in &directives {
            response.cache_control(directive);
        }
    };
    Changed { view: view.into_view(), change }
}

/// Adds the names of headers to the `Vary` of a view's responses, like Django's `vary_on_headers`.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::vary_on};
///
/// fn greeting(request: &mut Request) -> &'static str {
///     if request.header("Accept-Language").is_some_and(|list| list.starts_with("fr")) { "Salut" } else { "Hi" }
/// }
/// let route = path("", vary_on(["Accept-Language"], greeting));
/// ```
pub fn vary_on<const N: usize, Via>(headers: [&str; N], view: impl IntoView<Via>) -> impl View {
    let headers = headers.map(str::to_owned);
    let change = move |response: &mut Response| {
        for header in &headers {
            response.vary_on(header);
        }
    };
    Changed { view: view.into_view(), change }
}

/// Lets other sites show a view's pages in a frame: they get no `X-Frame-Options`. Like Django's
/// `xframe_options_exempt`.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::xframe_options_exempt};
///
/// fn widget(_: &mut Request) -> Html<&'static str> {
///     Html("<p>a map for other sites</p>")
/// }
/// let route = path("widget/", xframe_options_exempt(widget));
/// ```
pub fn xframe_options_exempt<Via>(view: impl IntoView<Via>) -> impl View {
    let change = |response: &mut Response| {
        response.extensions_mut().insert(FrameExempt);
    };
    Changed { view: view.into_view(), change }
}

/// Sends a view's pages without the policies of `SECURE_CSP` and `SECURE_CSP_REPORT_ONLY`, like Django's
/// `csp_override({})`.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, urls::path, view::csp_exempt};
///
/// fn legacy(_: &mut Request) -> Html<&'static str> {
///     Html("<script>console.log('an old page')</script>")
/// }
/// let route = path("legacy/", csp_exempt(legacy));
/// ```
pub fn csp_exempt<Via>(view: impl IntoView<Via>) -> impl View {
    let change = |response: &mut Response| {
        response.extensions_mut().insert(CspExempt);
    };
    Changed { view: view.into_view(), change }
}

/// Lets the site itself show a view's pages in a frame, whatever `X_FRAME_OPTIONS` says. Like Django's
/// `xframe_options_sameorigin`.
pub fn xframe_options_sameorigin<Via>(view: impl IntoView<Via>) -> impl View {
    frame_options("SAMEORIGIN", view)
}

/// Lets no page show a view's pages in a frame, whatever `X_FRAME_OPTIONS` says. Like Django's
/// `xframe_options_deny`.
pub fn xframe_options_deny<Via>(view: impl IntoView<Via>) -> impl View {
    frame_options("DENY", view)
}

fn frame_options<Via>(value: &'static str, view: impl IntoView<Via>) -> impl View {
    let change = move |response: &mut Response| {
        if !response.headers().contains_key(http::header::X_FRAME_OPTIONS) {
            response.set_header("X-Frame-Options", value);
        }
    };
    Changed { view: view.into_view(), change }
}
