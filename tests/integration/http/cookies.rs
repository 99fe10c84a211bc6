//! Cookies, byte for byte as Django reads and writes them.

use std::time::{Duration, UNIX_EPOCH};

use http::{Method, header};
use nuages::{
    http::{Cookies, SetCookie},
    prelude::*,
    settings::SameSite,
    urls::path,
};

use crate::{
    support::asking::{app, get, request, send},
    support::vectors::Vectors,
};

#[test]
fn the_cookie_header_is_read_as_django_reads_it() {
    for row in Vectors::read("cookie_header").rows() {
        let header = row["header"].as_str().expect("a header");
        let cookies = Cookies::parse(header);
        let expected = row["cookies"].as_object().expect("cookies");
        assert_eq!(cookies.len(), expected.len(), "{header:?}");
        for (name, value) in expected {
            assert_eq!(cookies.get(name), value.as_str(), "{name} in {header:?}");
        }
    }
}

#[tokio::test]
async fn the_bytes_of_the_header_are_latin_1() {
    fn show(request: &mut Request) -> String {
        let cookies: Vec<String> =
            request.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("|")
    }
    let app = app("", vec![path("", show)]);
    let bytes = http::HeaderValue::from_bytes(b"\xe9=1; b=\xfc").expect("a value");
    let request = request(Method::GET, "/").header(header::COOKIE, bytes).header(header::COOKIE, "c=3");
    assert_eq!(send(&app, request.body("").expect("a request")).await.body, "é=1|b=ü|c=3");
}

/// Written by Django 5.2: `HttpResponse().set_cookie(…)` at the Unix time 784111777.
#[test]
fn cookies_are_written_as_django_writes_them() {
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let two_weeks = Duration::from_secs(1_209_600);
    let session = SetCookie::new("sessionid", "KEY").lasting(two_weeks, now);
    let safe = SetCookie { httponly: true, samesite: Some(SameSite::Lax), ..session.clone() };
    let full = SetCookie {
        path: "/app/".to_owned(),
        domain: Some(".example.com".to_owned()),
        secure: true,
        httponly: true,
        samesite: Some(SameSite::None),
        ..session
    };
    let plain = |value: &str| SetCookie::new("a", value);
    for (cookie, header) in [
        (
            safe,
            "sessionid=KEY; expires=Sun, 20 Nov 1994 08:49:37 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax",
        ),
        (
            full,
            "sessionid=KEY; Domain=.example.com; expires=Sun, 20 Nov 1994 08:49:37 GMT; HttpOnly; Max-Age=1209600; Path=/app/; SameSite=None; Secure",
        ),
        (plain("b"), "a=b; Path=/"),
        (plain(""), "a=\"\"; Path=/"),
        (plain("b c"), "a=\"b c\"; Path=/"),
        (plain("x;y,\"z\"\\é\t"), "a=\"x\\073y\\054\\\"z\\\"\\\\\\351\\011\"; Path=/"),
        (plain("()/<=>?@[]{}"), "a=\"()/<=>?@[]{}\"; Path=/"),
        (plain("!#$%&'*+-.^_`|~:"), "a=!#$%&'*+-.^_`|~:; Path=/"),
        (
            SetCookie::deletion("sessionid", "/", None, Some(SameSite::Lax)),
            "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax",
        ),
        (
            SetCookie::deletion("sessionid", "/x", Some("example.com".to_owned()), Some(SameSite::None)),
            "sessionid=\"\"; Domain=example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x; SameSite=None; Secure",
        ),
        (
            SetCookie::deletion("__Host-sessionid", "/", None, None),
            "__Host-sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; Secure",
        ),
    ] {
        assert_eq!(cookie.to_header().expect("it can be sent"), header);
        let value = header.split_once('=').expect("a value").1.split("; ").next().expect("a part");
        if let Some(read) = Cookies::parse(&format!("x={value}")).get("x") {
            assert_eq!(read, cookie.value, "what is written is read back");
        }
    }
}

#[test]
fn what_no_cookie_may_carry_is_an_error() {
    let path = |path: &str| SetCookie { path: path.to_owned(), ..SetCookie::new("a", "b") };
    for cookie in [
        SetCookie::new("a", "b\r\nX: y"),
        SetCookie::new("a", "b\0"),
        SetCookie::new("a", "日本"),
        SetCookie::new("", "b"),
        SetCookie::new("a b", "c"),
        SetCookie::new("a=b", "c"),
        SetCookie::new("expires", "c"),
        path("/;Domain=evil.test"),
        path("/\n"),
        SetCookie { domain: Some("a;b".to_owned()), ..SetCookie::new("a", "b") },
    ] {
        let error = cookie.to_header().expect_err("it cannot be sent");
        assert!(!error.to_string().contains("日本"), "the value is never shown");
    }
    assert!(!format!("{:?}", SetCookie::new("a", "hidden")).contains("hidden"));
}

#[tokio::test]
async fn a_response_sets_several_cookies_and_the_last_of_a_name() {
    fn set(_: &mut Request) -> Response {
        let mut response = Response::new("");
        for (name, value) in [("a", "1"), ("ab", "2"), ("a", "3")] {
            response.set_cookie(SetCookie::new(name, value));
        }
        response
    }
    fn refused(_: &mut Request) -> Response {
        let mut response = Response::new("");
        response.set_cookie(SetCookie::new("a", "1\n"));
        response
    }
    let app = app("", vec![path("", set), path("refused/", refused)]);
    assert_eq!(get(&app, "/").await.cookies(), ["a=3; Path=/", "ab=2; Path=/"]);
    assert_eq!(get(&app, "/refused/").await.status, StatusCode::INTERNAL_SERVER_ERROR);
}
