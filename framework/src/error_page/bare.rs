//! The error page for visitors if the project has no template for the status.

use http::StatusCode;

use crate::http::Response;

/// A response whose page says the status and nothing else, in Django's words if Django has some.
pub(crate) fn bare(status: StatusCode) -> Response {
    Response::html(bare_html(status)).with_status(status)
}

/// The page of [`bare`].
pub(super) fn bare_html(status: StatusCode) -> String {
    let title = match status {
        StatusCode::INTERNAL_SERVER_ERROR => "Server Error (500)".to_owned(),
        StatusCode::BAD_REQUEST => "Bad Request (400)".to_owned(),
        StatusCode::FORBIDDEN => "403 Forbidden".to_owned(),
        StatusCode::NOT_FOUND => "Not Found".to_owned(),
        other => format!("{} ({})", other.canonical_reason().unwrap_or("Error"), other.as_u16()),
    };
    let detail = match status {
        StatusCode::NOT_FOUND => "<p>The requested resource was not found on this server.</p>\n",
        StatusCode::SERVICE_UNAVAILABLE => "<p>Please try again in a moment.</p>\n",
        _ => "",
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n</head>\n<body>\n<h1>{title}</h1>\n{detail}\
         </body>\n</html>\n"
    )
}
