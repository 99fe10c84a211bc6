//! The onion: its order, its errors, and the middleware of Django's default stack.

mod csp;
mod csrf;
mod csrf_in_session;
mod csrf_without_a_view;
mod debug_page;
mod https;
mod places;

use std::sync::{Arc, Mutex};

use http::{Method, StatusCode, header};
use nuages::{
    App, BoxFuture, Unavailable,
    middleware::Middleware,
    prelude::*,
    urls::{include, path},
};

use crate::support::asking::{app, get, request, send};

fn hello(_: &mut Request) -> &'static str {
    "hello"
}

fn fails(_: &mut Request) -> Result<Response> {
    Err(Error::new("the view failed"))
}

async fn panics(_: &mut Request) -> Response {
    panic!("the view panicked")
}

fn unavailable(_: &mut Request) -> Result<Response> {
    Err(Unavailable::new("the database \"default\"", None).into())
}

fn routes() -> Vec<nuages::urls::Route> {
    vec![
        path("hello/", hello),
        path("fails/", fails),
        path("panics/", panics),
        path("unavailable/", unavailable),
        include("inner/", vec![path("page/", hello)]),
    ]
}

/// Notes the status that it sees on the way out.
#[derive(Clone)]
struct Seen(Arc<Mutex<Vec<u16>>>);

impl Middleware for Seen {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let response = next.run(request).await?;
            self.0.lock().expect("unbroken").push(response.status().as_u16());
            Ok(response)
        })
    }
}

#[tokio::test]
async fn outer_layers_see_a_response_whatever_happens_further_in() {
    async fn stamp(request: &mut Request, next: Next<'_>) -> Result<Response> {
        let mut response = next.run(request).await?;
        response.set_header("X-Stamp", "yes");
        Ok(response)
    }
    async fn breaks(request: &mut Request, next: Next<'_>) -> Result<Response> {
        if request.query().contains_key("break") {
            return Err(Error::forbidden("not today"));
        }
        next.run(request).await
    }
    let seen = Seen(Arc::default());
    let app = app("", routes()).middleware(stamp).middleware(seen.clone()).middleware(breaks);
    for (target, status) in
        [("/hello/", 200), ("/fails/", 500), ("/panics/", 500), ("/none/", 404), ("/hello/?break", 403)]
    {
        let answer = get(&app, target).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-stamp")), (status, "yes"), "{target}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{target}");
    }
    assert_eq!(*seen.0.lock().expect("unbroken"), [200, 500, 500, 404, 403]);
}

#[tokio::test]
async fn a_closure_is_a_middleware() {
    let app = app("", routes()).middleware(async |request: &mut Request, next: Next<'_>| {
        let mut response = next.run(request).await?;
        response.set_status(StatusCode::ACCEPTED);
        Ok(response)
    });
    assert_eq!(get(&app, "/hello/").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn what_is_not_available_is_asked_for_again_later() {
    let answer = get(&app("", routes()), "/unavailable/").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
}

#[tokio::test]
async fn the_security_headers_are_those_of_django() {
    let answer = get(&app("", routes()), "/hello/").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", ""),
        ("vary", ""),
        ("set-cookie", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    fn own(_: &mut Request) -> Response {
        Response::text("x")
            .with_header("X-Frame-Options", "SAMEORIGIN")
            .with_header("Referrer-Policy", "origin")
    }
    let settings = "SECURE_CONTENT_TYPE_NOSNIFF = false\nX_FRAME_OPTIONS = \"sameorigin\"";
    let answer = get(&app(settings, vec![path("", own)]), "/").await;
    assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!((answer.header("referrer-policy"), answer.header("x-content-type-options")), ("origin", ""));
}

#[tokio::test]
async fn plain_http_is_sent_to_https_where_the_settings_say_so() {
    let settings = "SECURE_SSL_REDIRECT = true\nSECURE_HSTS_SECONDS = 3600\nSECURE_HSTS_PRELOAD = true\n\
                    SECURE_HSTS_INCLUDE_SUBDOMAINS = true\n\
                    SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]";
    let app = app(settings, routes());
    let plain = get(&app, "/hello/?a=1").await;
    assert_eq!((plain.status.as_u16(), plain.header("location")), (301, "https://example.com/hello/?a=1"));
    assert_eq!(plain.header("strict-transport-security"), "");
    let request = request(Method::GET, "/hello/").header("X-Forwarded-Proto", "https").body("");
    let secure = send(&app, request.expect("a request")).await;
    assert_eq!(secure.status, StatusCode::OK);
    assert_eq!(secure.header("strict-transport-security"), "max-age=3600; includeSubDomains; preload");
}

#[tokio::test]
async fn a_missing_slash_is_appended_where_that_leads_somewhere() {
    let app_with = |extra| app(extra, routes());
    let app = app_with("");
    for (target, location) in [
        ("/hello", "/hello/"),
        ("/hello?a=1&b=%20", "/hello/?a=1&b=%20"),
        ("/inner/page", "/inner/page/"),
        ("/none", ""),
        ("/none/", ""),
    ] {
        let answer = get(&app, target).await;
        let status = if location.is_empty() { 404 } else { 301 };
        assert_eq!((answer.status.as_u16(), answer.header("location")), (status, location), "{target}");
    }
    assert_eq!(get(&app_with("APPEND_SLASH = false"), "/hello").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_redirect_becomes_another_host() {
    let catch_all = vec![path("<path:rest>/", |_: &mut Request, rest: String| rest)];
    let answer = get(&app("", catch_all), "//evil.test/x").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (301, "/%2Fevil.test/x/"));
}

#[tokio::test]
async fn a_form_sent_to_a_url_without_its_slash_is_an_error_under_debug() {
    let post = async |extra| {
        let request =
            request(Method::POST, "/hello").header(header::COOKIE, format!("csrftoken={}", "a".repeat(32)));
        let request = request.header("X-CSRFToken", "a".repeat(32)).body("").expect("a request");
        send(&app(extra, routes()), request).await
    };
    let answer = post("DEBUG = true").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        answer.body.contains("point to example.com&#x2f;hello&#x2f; (note the slash at the end)"),
        "{}",
        answer.body
    );
    assert_eq!(post("").await.status, StatusCode::MOVED_PERMANENTLY);
}

#[tokio::test]
async fn www_is_prepended_with_the_slash_in_one_redirect() {
    let settings = "PREPEND_WWW = true";
    let answer = get(&app(settings, routes()), "/hello?x").await;
    assert_eq!(answer.header("location"), "http://www.example.com/hello/?x");
    let app = App::clone(&app("PREPEND_WWW = true", routes()));
    let request = http::Request::get("/hello/").header(header::HOST, "www.example.org").body("");
    assert_eq!(send(&app, request.expect("a request")).await.status, StatusCode::OK);
}
