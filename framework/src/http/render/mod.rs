//! `render` and `redirect`: Django's shortcuts, and what a template sees of the request.
//!
//! Every template gets `request`, `user`, `csrf_token`, `csrf_input()` and what middleware left with
//! [`Request::set_template_var`]. The session is lent to the template while it is rendered:
//! only a template that reads it makes the response vary by cookie.

mod context;
mod functions;

use std::sync::Arc;

pub(crate) use context::session_of;
use context::{Context, RequestObject};
pub(crate) use functions::add_url_function;

use super::{Request, Response};
use crate::{Result, sessions::Loan, templates::TemplateValue as Value};

/// Renders a template of the project as a 200 response, as Django's `render`.
///
/// # Errors
///
/// A 500 that names template and line where the template is missing or broken.
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
    Ok(Response::new(render_to_string(request, template, context)?))
}

/// Renders a template into text, as Django's `render_to_string` with a request.
///
/// # Errors
///
/// As [`render`].
pub fn render_to_string(request: &mut Request, template: &str, context: impl Into<Value>) -> Result<String> {
    let site = Arc::clone(request.site());
    let shown = RequestObject::of(request);
    let loan = Loan::new(&mut request.session);
    let context = Context::new(context.into(), shown.with_session(loan.handle()));
    Ok(site.templates.render(template, Value::from_object(context))?)
}

/// 302 to a URL, as Django's `redirect`.
pub fn redirect(url: impl AsRef<str>) -> Response {
    Response::redirect(url)
}
