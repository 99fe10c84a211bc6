//! Adds the live reload script to whole HTML documents, at their end. Fragments and other responses are left
//! alone.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use nuages::BoxError;

use super::{
    body::{ServerBody, boxed},
    policy,
};
use crate::dev_server::{live_reload, state::Live};

/// How many bytes show whether a body is a whole document.
const ENOUGH: usize = 256;

/// A request whose response may get the script.
pub(super) struct Visit {
    pub(super) method: Method,
    pub(super) host: String,
    /// The state of the site before the request was passed on.
    pub(super) live: Live,
}

/// Adds the script if the response is a whole document.
pub(super) async fn inject(response: Response<Incoming>, visit: &Visit) -> Response<ServerBody> {
    if visit.method == Method::HEAD || !may_be_document(&response) {
        return response.map(boxed);
    }
    let (mut head, mut body) = response.into_parts();
    let mut first = VecDeque::new();
    let mut beginning = Vec::new();
    while beginning.len() < ENOUGH {
        let Some(frame) = body.frame().await else { break };
        if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
            beginning.extend_from_slice(&data[..data.len().min(ENOUGH)]);
        }
        let failed = frame.is_err();
        first.push_back(frame);
        if failed || begins_document(&beginning) {
            break;
        }
    }
    let mut tag = None;
    if begins_document(&beginning) {
        let nonce = policy::admit(&mut head.headers, &visit.host);
        let text = live_reload::tag(visit.live, &visit.method, nonce.as_deref());
        let length =
            head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(length) = length.map(|length: u64| length + text.len() as u64) {
            head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        tag = Some(Bytes::from(text));
    }
    Response::from_parts(head, boxed(Appended { first, rest: body, tag }))
}

fn may_be_document(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let status = response.status();
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::NOT_MODIFIED
}

/// Returns whether this is the beginning of a document, and not of a fragment. Comments may come first.
fn begins_document(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        let Some((_, after)) = comment.split_once("-->") else { return false };
        rest = after.trim_start();
    }
    rest.starts_with("<!doctype html") || rest.starts_with("<html")
}

/// A body of which some frames are read already, with a tag at its end.
struct Appended {
    first: VecDeque<Result<Frame<Bytes>, hyper::Error>>,
    rest: Incoming,
    tag: Option<Bytes>,
}

impl HttpBody for Appended {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let next = match self.first.pop_front() {
            Some(frame) => Some(frame),
            None => std::task::ready!(Pin::new(&mut self.rest).poll_frame(cx)),
        };
        match next {
            // A body that was cut off gets no tag: the client sees that it is cut off.
            Some(Err(error)) => {
                self.tag = None;
                Poll::Ready(Some(Err(error.into())))
            }
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
            None => Poll::Ready(self.tag.take().map(|tag| Ok(Frame::data(tag)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        // The header says how long it is, where that is known.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_told_apart_from_a_fragment() {
        for whole in
            ["<!DOCTYPE html><p>", "\u{feff}\n <html lang=en>", "<!-- made by hand -->\n<!doctype HTML>"]
        {
            assert!(begins_document(whole.as_bytes()), "{whole}");
        }
        for part in ["<p>one</p>", "", "<!-- <html> -->", "<!-- open", "<head>"] {
            assert!(!begins_document(part.as_bytes()), "{part}");
        }
    }
}
