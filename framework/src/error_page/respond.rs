//! Makes the response to an error: the debug page, that of `App::error_handler`, problem details, the project's
//! template, or the bare page.
//!
//! Visitors see the status and nothing else. The debug page is shown under `DEBUG` only, to clients on this
//! machine or in `INTERNAL_IPS`, for requests to a host in `ALLOWED_HOSTS`.

use std::{net::IpAddr, sync::Arc};

use http::{StatusCode, header};

use super::{bare_html, debug, problem, retry_after};
use crate::{
    Error, context,
    http::{Request, Response, render_to_string},
    view::{CspExempt, NotAllowed},
};

/// The function of `App::error_handler`, among the extensions of a request.
#[derive(Clone)]
pub(crate) struct ErrorHandler(pub(crate) Arc<HandleError>);

type HandleError = dyn Fn(&mut Request, &Error) -> crate::Result<Option<Response>> + Send + Sync;

/// Makes the response to an error. It keeps the error for the log.
pub(crate) fn respond(request: &mut Request, error: Error) -> Response {
    let status = error.status();
    let page = page(request, &error, status).and_then(Response::sendable).unwrap_or_else(|failed| {
        tracing::error!(target: "nuages.request", error = ?failed, "the error page cannot be rendered");
        Response::html(bare_html(status)).with_status(status)
    });
    let mut response = page;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after(&error));
    }
    if let Some(refused) = error.downcast_ref::<NotAllowed>() {
        response.set_header(header::ALLOW.as_str(), &refused.allow);
    }
    response.set_error(Arc::new(error));
    response
}

fn page(request: &mut Request, error: &Error, status: StatusCode) -> crate::Result<Response> {
    let prefers_json = request.prefers_json();
    let with_details = request.settings().debug && may_see_details(request);
    if with_details && !prefers_json {
        let page = match accepts_html(request) {
            true => Response::html(debug::render(request, error)),
            false => Response::new(debug::render_text(request, error)),
        };
        let mut page = page.with_status(status);
        // The page has its style in itself.
        page.extensions_mut().insert(CspExempt);
        return Ok(page);
    }
    if let Some(ErrorHandler(handler)) = request.extension::<ErrorHandler>().cloned()
        && let Some(mut response) = handler(request, error)?
    {
        if response.status() == StatusCode::OK {
            response.set_status(status);
        }
        return Ok(response);
    }
    let mut response = default_page(request, error, status, with_details)?.with_status(status);
    response.vary_on("Accept");
    Ok(response)
}

fn default_page(
    request: &mut Request,
    error: &Error,
    status: StatusCode,
    with_details: bool,
) -> crate::Result<Response> {
    if request.prefers_json() {
        return problem::problem(request, error, with_details);
    }
    let template = format!("{}.html", status.as_u16());
    if request.site().templates.contains(&template) {
        let reason = status.canonical_reason().unwrap_or_default();
        return Ok(Response::html(render_to_string(request, &template, context! { reason })?));
    }
    Ok(Response::html(bare_html(status)))
}

/// Whether the client takes HTML, as browsers say and as a client without `Accept` does.
fn accepts_html(request: &Request) -> bool {
    let mut accepted = request.headers().get_all(header::ACCEPT).iter().peekable();
    let takes = |value: &http::HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| ["text/html", "text/*", "*/*"].iter().any(|kind| value.contains(kind)))
    };
    accepted.peek().is_none() || accepted.any(takes)
}

fn may_see_details(request: &Request) -> bool {
    let internal = |address: IpAddr| {
        let listed = &request.settings().internal_ips;
        address.is_loopback() || listed.iter().any(|known| known.parse() == Ok(address))
    };
    // Without a socket (in a test, or mounted in another application) there is no address to check.
    let is_local = request.remote_addr().is_none_or(internal);
    if !is_local {
        tracing::warn!(
            target: "nuages.request",
            client = ?request.remote_addr(),
            "no debug page for this client: its address is not in INTERNAL_IPS"
        );
    }
    // With DNS rebinding another site could read the page, so the host must be allowed.
    is_local && request.checked_host().is_ok()
}
