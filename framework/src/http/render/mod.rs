//! Django's shortcuts `render` and `redirect`, and the request as templates see it.
//!
//! Every template gets `request`, `user`, `csrf_token`, `csrf_input()` and the values that middleware set
//! with [`Request::set_template_var`]. The template borrows the session while it is rendered: the response
//! varies by cookie only if the template reads the session.

mod context;
mod functions;

use std::sync::Arc;

pub(crate) use context::session_of;
use context::{Context, RequestObject};
pub(crate) use functions::add_url_function;

use super::{Request, Response};
use crate::{Result, sessions::Loan, templates::TemplateValue as Value};

/// Renders a template as a 200 response, like Django's `render`.
///
/// # Errors
///
/// A 500 that names the template and the line, if the template is missing or fails.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// fn index(request: &mut Request) -> Result<Response> {
///     render(request, "index.html", context! { title => "Home" })
/// }
/// ```
pub fn render(request: &mut Request, template: &str, context: impl Into<Value>) -> Result<Response> {
    Ok(Response::html(render_to_string(request, template, context)?))
}

/// Renders a template to text, like Django's `render_to_string` with a request.
///
/// # Errors
///
/// The same as [`render`].
pub fn render_to_string(request: &mut Request, template: &str, context: impl Into<Value>) -> Result<String> {
    let site = Arc::clone(request.site());
    let shown = RequestObject::of(request);
    let loan = Loan::new(&mut request.session);
    let context = Context::new(context.into(), shown.with_session(loan.handle()));
    Ok(site.templates.render(template, Value::from_object(context))?)
}

/// A 302 to this URL, like Django's `redirect`. See [`Response::redirect`] for the URLs that it refuses.
pub fn redirect(url: impl AsRef<str>) -> Response {
    Response::redirect(url)
}
