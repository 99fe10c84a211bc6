//! The paths below `/__nuages/`: the script of the pages, their events, and the actions of their buttons.
//!
//! They are for browsers on this machine alone. An action needs the token of this run and the `Origin` of this
//! site.

use std::net::SocketAddr;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use super::{
    access::{is_local, is_same_origin},
    body::{ServerBody, boxed, plain, response},
};
use crate::dev_server::{
    live_reload, pages,
    protocol::same_token,
    state::{DevSite, Wish},
};

/// The beginning of the paths that are ours.
pub(super) const PREFIX: &str = "/__nuages/";
/// The longest form that a button sends.
const MAX_FORM: usize = 1 << 10;

/// Answers a request for one of our paths.
pub(super) async fn answer(
    site: &DevSite,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    if !is_local(peer, request.headers()) || !is_same_origin(request.headers()) {
        return plain(
            StatusCode::FORBIDDEN,
            "This path is for pages of this site, in a browser on this machine.\n",
        );
    }
    let path = request.uri().path()[PREFIX.len()..].to_owned();
    let mut response = match (request.method(), path.as_str()) {
        (&Method::GET, "live-reload.js") => {
            response(StatusCode::OK, "text/javascript; charset=utf-8", live_reload::SCRIPT)
        }
        (&Method::GET, "page.css") => response(StatusCode::OK, "text/css; charset=utf-8", pages::STYLE),
        (&Method::GET, "events") => {
            let mut events = response(StatusCode::OK, "text/event-stream", "");
            *events.body_mut() = boxed(live_reload::ReloadEvents::new(site));
            events
        }
        (&Method::POST, "migrate") => act(site, request, Wish::Migrate).await,
        (&Method::POST, "restart") => act(site, request, Wish::Restart).await,
        (_, "live-reload.js" | "page.css" | "events" | "migrate" | "restart") => {
            plain(StatusCode::METHOD_NOT_ALLOWED, "This method is not for this path.\n")
        }
        _ => plain(StatusCode::NOT_FOUND, "The development server has no such path.\n"),
    };
    let no_embedding = HeaderValue::from_static("same-origin");
    response.headers_mut().insert("cross-origin-resource-policy", no_embedding);
    response
}

/// Carries out what a button of our pages asks for, and returns to the page.
async fn act(site: &DevSite, request: Request<Incoming>, wish: Wish) -> Response<ServerBody> {
    // A browser sends the header with every POST.
    if !request.headers().contains_key(header::ORIGIN) {
        return plain(StatusCode::FORBIDDEN, "The request names no origin.\n");
    }
    let back =
        request.uri().query().and_then(|query| query.strip_prefix("next=")).filter(|path| is_path(path));
    let back = HeaderValue::try_from(back.unwrap_or("/")).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let Ok(form) = Limited::new(request.into_body(), MAX_FORM).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "The form is too long.\n");
    };
    let form = form.to_bytes();
    let field = |name: &str| {
        let fields = form.split(|byte| *byte == b'&').filter_map(|field| std::str::from_utf8(field).ok());
        fields.into_iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    if !field("token").is_some_and(|token| same_token(&token, &site.token)) {
        return plain(StatusCode::FORBIDDEN, "The token is not that of this run: load the page again.\n");
    }
    // Requests wait from now on, so the page that follows shows the result.
    if matches!(wish, Wish::Migrate | Wish::Restart) {
        site.hold();
    }
    // The supervisor may be about to end.
    let _ = site.wishes.send(wish);
    let mut response = plain(StatusCode::SEE_OTHER, "");
    response.headers_mut().insert(header::LOCATION, back);
    response
}

/// Returns whether this is a path of this site, in a form that needs no decoding.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    text.starts_with('/') && !text.starts_with("//") && text.bytes().all(plain)
}
