//! Errors as problem details (RFC 9457), for clients that prefer JSON.

use http::StatusCode;
use serde_json::{Value, json};

use super::{mask::without_tokens, origin::ErrorOrigin};
use crate::{
    Error, Result,
    http::{Request, Response},
};

/// The media type of problem details.
const MEDIA_TYPE: &str = "application/problem+json";

/// The problem of a status, and the details of the error for developers.
pub(super) fn problem(request: &Request, error: &Error, with_details: bool) -> Result<Response> {
    let status = error.status();
    let mut problem = json!({ "type": "about:blank", "title": title(status), "status": status.as_u16() });
    if with_details {
        let chain: Vec<String> = error.chain().iter().map(|line| without_tokens(line)).collect();
        problem["detail"] = chain.join(": ").into();
        let place = ErrorOrigin::of(error, &request.settings().base_dir).place();
        if let Some(place) = place.filter(|_| status.is_server_error()) {
            problem["place"] = Value::from(place.to_string());
        }
    }
    Ok(Response::json(&problem)?.with_header("Content-Type", MEDIA_TYPE))
}

/// RFC 9457 section 4.2.1: the title of `about:blank` is the phrase of the status.
fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
