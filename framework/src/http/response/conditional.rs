//! Entity tags and conditional requests (RFC 9110 section 13).
//!
//! Static files use them, and views that know when their page last changed.

use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode, header};

use super::{Response, http_date, parse_http_date};

/// The entity tag and the last change of a page. With them, browsers ask whether their copy is current.
///
/// # Examples
///
/// ```
/// use nuages::{http::Validators, prelude::*};
///
/// fn article(request: &mut Request, id: u64) -> Response {
///     let validators = Validators { etag: Some(format!("\"article-{id}-v3\"")), last_modified: None };
///     if let Some(response) = validators.precondition(request.method(), request.headers()) {
///         return response; // 304: the browser has this version
///     }
///     let mut response = Response::text("a long article");
///     validators.describe(&mut response);
///     response
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Validators {
    /// The entity tag with its quotes, such as `"v3"` or `W/"v3"`.
    pub etag: Option<String>,
    /// The time of the last change.
    pub last_modified: Option<SystemTime>,
}

impl Validators {
    /// Returns the response that the request's conditions require in place of the page: a 304 or a 412.
    ///
    /// The conditions are evaluated in the order of RFC 9110 section 13.2.2, as in Django's
    /// `get_conditional_response`.
    pub fn precondition(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let status = self.status(method, headers)?;
        let mut response = Response::empty(status);
        if status == StatusCode::NOT_MODIFIED {
            self.describe(&mut response);
        }
        Some(response)
    }

    /// Sets the headers `ETag` and `Last-Modified`.
    pub fn describe(&self, response: &mut Response) {
        if let Some(etag) = &self.etag {
            response.set_header("ETag", etag);
        }
        if let Some(moment) = self.last_modified {
            response.set_header("Last-Modified", http_date(moment));
        }
    }

    fn status(&self, method: &Method, headers: &HeaderMap) -> Option<StatusCode> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = |name| text(name).and_then(parse_http_date);
        let reads = matches!(*method, Method::GET | Method::HEAD);
        if let Some(wanted) = text(header::IF_MATCH) {
            if !self.strong_match(wanted) {
                return Some(StatusCode::PRECONDITION_FAILED);
            }
        } else if let (Some(limit), Some(changed)) = (date(header::IF_UNMODIFIED_SINCE), self.last_modified)
            && seconds(changed) > seconds(limit)
        {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        if let Some(known) = text(header::IF_NONE_MATCH) {
            if self.weak_match(known) {
                return Some(if reads { StatusCode::NOT_MODIFIED } else { StatusCode::PRECONDITION_FAILED });
            }
        } else if let (true, Some(since), Some(changed)) =
            (reads, date(header::IF_MODIFIED_SINCE), self.last_modified)
            && seconds(changed) <= seconds(since)
        {
            return Some(StatusCode::NOT_MODIFIED);
        }
        None
    }

    fn strong_match(&self, list: &str) -> bool {
        let Some(own) = &self.etag else { return false };
        let own_is_strong = !own.starts_with("W/");
        list.trim() == "*" || (own_is_strong && tags(list).any(|tag| tag == own))
    }

    fn weak_match(&self, list: &str) -> bool {
        let Some(own) = &self.etag else { return false };
        let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
        list.trim() == "*" || tags(list).any(|tag| opaque(tag) == opaque(own))
    }
}

fn tags(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|tag| tag.trim_start_matches("W/").starts_with('"'))
}

/// Whole seconds: dates in HTTP have no fraction, dates of files have one.
fn seconds(moment: SystemTime) -> i64 {
    crate::clock::unix(moment)
}
