//! Requests and responses: dates, hosts, redirects, headers, methods.

mod cookies;
mod form_fields;
mod form_lists;
mod forms;
mod large_input;
mod media_types;
mod redirects;
mod uploads;

use std::time::{Duration, UNIX_EPOCH};

use http::{Method, StatusCode, header};
use nuages::{
    http::{Validators, http_date, parse_http_date, url_has_allowed_host_and_scheme},
    prelude::*,
    urls::path,
    view::{methods, require_http_methods},
};

use crate::{
    support::asking::{app, get, request, send},
    support::vectors::Vectors,
};

#[test]
fn dates_are_written_and_read_as_django_does() {
    for row in Vectors::read("http_date").rows() {
        if let Some(unix) = row["unix"].as_u64() {
            let moment = UNIX_EPOCH + Duration::from_secs(unix);
            assert_eq!(http_date(moment), row["http_date"]);
            assert_eq!(parse_http_date(&http_date(moment)), Some(moment));
            continue;
        }
        let text = row["text"].as_str().expect("a text");
        let parsed = parse_http_date(text).map(|moment| moment.duration_since(UNIX_EPOCH).expect("after"));
        assert_eq!(parsed.map(|since| since.as_secs()), row["parsed"].as_u64(), "{text}");
    }
}

#[test]
fn no_redirect_leaves_the_site() {
    let vectors = Vectors::read("redirect_safety");
    for row in vectors.rows() {
        let hosts: Vec<&str> =
            row["allowed_hosts"].as_array().expect("hosts").iter().filter_map(Value::as_str).collect();
        let url = row["url"].as_str().expect("a URL");
        let https = row["require_https"].as_bool().expect("a bool");
        assert_eq!(url_has_allowed_host_and_scheme(url, &hosts, https), row["safe"], "{url:?} {https}");
    }
    for url in ["\u{200b}//evil.test", "http://ex\u{e4}mple.com/", "\u{ad}//evil.test"] {
        assert!(!url_has_allowed_host_and_scheme(url, &["example.com"], false), "{url:?}");
    }
}

fn show(request: &mut Request) -> Result<String> {
    Ok(format!(
        "{}|{}|{}|{}|{}",
        request.method(),
        request.path(),
        request.full_path(),
        request.host()?,
        request.build_absolute_uri("../x?y=é")?
    ))
}

#[tokio::test]
async fn a_request_knows_its_path_its_host_and_its_url() {
    let app = app("", vec![path("a b/é/", show)]);
    let answer = get(&app, "/a%20b/%C3%A9/?q=1").await;
    assert_eq!(answer.body, "GET|/a b/é/|/a%20b/%C3%A9/?q=1|example.com|http://example.com/a%20b/x?y=%C3%A9");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let app = app("", vec![path("", show)]);
    for (host, status) in [
        ("example.com", 200),
        ("EXAMPLE.com:8000", 200),
        ("a.example.org", 200),
        ("evil.test", 400),
        ("example.com.evil.test", 400),
        ("user@example.com", 400),
        ("example.com:x", 400),
        ("exa mple.com", 400),
        ("", 400),
    ] {
        let request = http::Request::get("/").header(header::HOST, host).body("").expect("a request");
        assert_eq!(send(&app, request).await.status.as_u16(), status, "{host:?}");
    }
    let none = http::Request::get("/").body("").expect("a request");
    assert_eq!(send(&app, none).await.status, StatusCode::BAD_REQUEST);
    let two = request(Method::GET, "/").header(header::HOST, "example.com").body("").expect("a request");
    assert_eq!(send(&app, two).await.status, StatusCode::BAD_REQUEST);
    let other = request(Method::GET, "http://a.example.org/").body("").expect("a request");
    assert_eq!(send(&app, other).await.status, StatusCode::BAD_REQUEST);
    let same = request(Method::GET, "http://example.com/").body("").expect("a request");
    assert_eq!(send(&app, same).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_path_that_cannot_be_decoded_is_refused() {
    let app = app("", vec![path("<path:rest>", |_: &mut Request, rest: String| rest)]);
    for target in ["/%zz", "/%00", "/%ff", "/a%", "*"] {
        assert_eq!(get(&app, target).await.status, StatusCode::BAD_REQUEST, "{target}");
    }
    assert_eq!(get(&app, "/%C3%A9").await.body, "é");
}

#[tokio::test]
async fn a_header_with_a_line_end_never_leaves() {
    fn bad_header(_: &mut Request) -> Response {
        Response::text("x").with_header("X-Name", "a\r\nSet-Cookie: evil=1")
    }
    fn bad_location(_: &mut Request) -> Response {
        redirect("/a\r\nSet-Cookie: evil=1")
    }
    let app = app("", vec![path("header/", bad_header), path("location/", bad_location)]);
    let (own, visitors) = (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_REQUEST);
    for (target, status) in [("/header/", own), ("/location/", visitors)] {
        let answer = get(&app, target).await;
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.cookies().is_empty() && !answer.headers.contains_key("x-name"));
    }
}

#[tokio::test]
async fn what_views_return_becomes_a_response() {
    let app = app(
        "",
        vec![
            path("json/", |_: &mut Request| Json(vec![1, 2])),
            path("value/", |_: &mut Request| json!({"a": 1})),
            path("status/", |_: &mut Request| StatusCode::NO_CONTENT),
            path("both/", |_: &mut Request| (StatusCode::CREATED, "made")),
            path("missing/", |_: &mut Request| Error::not_found("no such thing")),
            path("redirect/", |_: &mut Request| redirect("/é/?a=b c")),
            path("parse/", |_: &mut Request| -> Result<String> { Ok("x".parse::<u8>()?.to_string()) }),
        ],
    );
    let answer = get(&app, "/json/").await;
    assert_eq!((answer.body.as_str(), answer.header("content-type")), ("[1,2]", "application/json"));
    assert_eq!(get(&app, "/value/").await.body, "{\"a\":1}");
    let empty = get(&app, "/status/").await;
    assert_eq!((empty.status, empty.header("content-length")), (StatusCode::NO_CONTENT, ""));
    assert_eq!(get(&app, "/both/").await.status, StatusCode::CREATED);
    assert_eq!(get(&app, "/missing/").await.status, StatusCode::NOT_FOUND);
    let redirected = get(&app, "/redirect/").await;
    assert_eq!((redirected.status.as_u16(), redirected.header("location")), (302, "/%C3%A9/?a=b%20c"));
    let failed = get(&app, "/parse/").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!failed.body.contains("invalid digit"), "visitors learn nothing: {}", failed.body);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    fn list(_: &mut Request) -> &'static str {
        "a list"
    }
    let app = app(
        "",
        vec![
            path("both/", methods().get(list).post(list)),
            path("some/", require_http_methods(["GET", "PUT"], list)),
            path("any/", list),
        ],
    );
    let ask = async |method, target| send(&app, request(method, target).body("").expect("a request")).await;
    let (plain, head) = (get(&app, "/both/").await, ask(Method::HEAD, "/both/").await);
    assert_eq!(head.body, "");
    assert_eq!(plain.headers, head.headers, "HEAD has GET's headers");
    assert_eq!(head.header("content-length"), "6");
    let wrong = ask(Method::TRACE, "/both/").await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "GET, HEAD, OPTIONS, POST"));
    let options = ask(Method::OPTIONS, "/some/").await;
    assert_eq!((options.status.as_u16(), options.header("allow")), (200, "GET, HEAD, OPTIONS, PUT"));
    assert_eq!(ask(Method::HEAD, "/any/").await.header("content-length"), "6");
}

#[tokio::test]
async fn https_is_believed_of_the_trusted_proxy_only() {
    fn scheme(request: &mut Request) -> &'static str {
        request.scheme()
    }
    let trusting = "SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]";
    for (settings, sent, scheme_seen) in
        [(trusting, "https", "https"), (trusting, "http", "http"), ("", "https", "http")]
    {
        let app = app(settings, vec![path("", scheme)]);
        let request =
            request(Method::GET, "/").header("X-Forwarded-Proto", sent).body("").expect("a request");
        assert_eq!(send(&app, request).await.body, scheme_seen, "{settings:?} {sent}");
    }
}

#[test]
fn conditions_are_weighed_in_the_order_of_the_rfc() {
    let changed = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let known = Validators { etag: Some("\"v1\"".to_owned()), last_modified: Some(changed) };
    let date = http_date(changed);
    for (name, value, status) in [
        ("If-None-Match", "\"v1\"", Some(304)),
        ("If-None-Match", "W/\"v1\", \"x\"", Some(304)),
        ("If-None-Match", "*", Some(304)),
        ("If-None-Match", "\"v2\"", None),
        ("If-Modified-Since", date.as_str(), Some(304)),
        ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", None),
        ("If-Modified-Since", "junk", None),
        ("If-Match", "\"v1\"", None),
        ("If-Match", "\"v2\"", Some(412)),
        ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", Some(412)),
        ("If-Unmodified-Since", date.as_str(), None),
    ] {
        let request = http::Request::get("/").header(name, value).body(()).expect("a request");
        let answer = known.precondition(request.method(), request.headers());
        assert_eq!(answer.map(|answer| answer.status().as_u16()), status, "{name}: {value}");
    }
}
