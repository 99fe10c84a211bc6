//! The cost of reading a request grows with its length and not with the square of it.
//!
//! Each parser gets 16 KiB and 128 KiB of the inputs that would be worst for it. Eight times the input may
//! cost some more than eight times the work; with the square of it, it would cost 64 times as much.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method, header};
use nuages::{
    http::{Cookies, QueryDict, SetCookie, Validators, parse_http_date, url_has_allowed_host_and_scheme},
    prelude::*,
    templates::escape,
    urls::path,
    view::csrf_exempt,
};

use crate::support::asking::{app, request, send};

const SMALL: usize = 16 * 1024;
const LARGE: usize = 8 * SMALL;

/// Numbered pieces, up to so many bytes.
fn many(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < bytes {
        text.push_str(&piece(number));
        number += 1;
    }
    text
}

/// Inputs that are large in different ways.
fn inputs(bytes: usize) -> Vec<(&'static str, String)> {
    vec![
        ("distinct cookies", many(bytes, |n| format!("c{n:x}=1; "))),
        ("distinct names without values", many(bytes, |n| format!("{n:x};"))),
        ("one cookie again and again", many(bytes, |_| "a=b; ".to_owned())),
        ("distinct fields", many(bytes, |n| format!("f{n:x}=1&"))),
        ("one field again and again", many(bytes, |_| "f=1&".to_owned())),
        ("ampersands", "&".repeat(bytes)),
        ("semicolons", ";".repeat(bytes)),
        ("equal signs", "=".repeat(bytes)),
        ("escapes", "%41".repeat(bytes / 3)),
        ("broken escapes", "%".repeat(bytes)),
        ("plus signs", "+".repeat(bytes)),
        ("a quoted value of backslashes", format!("a=\"{}\"", "\\".repeat(bytes))),
        ("a quoted value of octal escapes", format!("a=\"{}\"", "\\101".repeat(bytes / 4))),
        ("entity tags", many(bytes, |n| format!("\"{n:x}\", "))),
        ("weak entity tags", "W/".repeat(bytes / 2)),
        ("commas", ",".repeat(bytes)),
        ("ranges", many(bytes, |n| format!("{}bytes=0-1,", if n == 0 { "bytes=" } else { "" }))),
        ("media types", many(bytes, |n| format!("text/x{n};q=0.1, "))),
        ("folders", "a/../".repeat(bytes / 5)),
        ("slashes", "/".repeat(bytes)),
        ("brackets", "[".repeat(bytes)),
        ("dots", ".".repeat(bytes)),
        ("digits", "1".repeat(bytes)),
        ("spaces", " ".repeat(bytes)),
        ("angle brackets", "<".repeat(bytes)),
    ]
}

/// The time that this thread has spent on a processor, so that a busy machine changes nothing; where the
/// system does not tell it, the time that has passed.
fn spent(start: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
    nanos.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn assert_linear(what: &str, small: Duration, large: Duration) {
    // Some milliseconds are noise.
    let most = 24 * small + Duration::from_millis(50);
    assert!(large < most, "{what}: {small:?} for {SMALL} bytes, but {large:?} for {LARGE}");
}

type Parser = (&'static str, fn(&str));

const PARSERS: [Parser; 8] = [
    ("Cookies", |text| {
        let cookies = Cookies::parse(text);
        assert!(cookies.iter().all(|(name, value)| cookies.get(name) == Some(value)));
    }),
    ("QueryDict", |text| assert!(QueryDict::parse(text).len() <= text.len())),
    ("QueryDict::to", |text| {
        let fields = QueryDict::parse(text).to::<HashMap<String, Vec<String>>>();
        assert!(fields.is_ok_and(|fields| fields.len() <= text.len()));
    }),
    ("Validators", |text| {
        let validators =
            Validators { etag: Some("\"x\"".into()), last_modified: Some(SystemTime::UNIX_EPOCH) };
        for name in [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_RANGE] {
            let value = HeaderValue::from_str(text).expect("a header");
            validators.precondition(&Method::GET, &HeaderMap::from_iter([(name, value)]));
        }
    }),
    ("parse_http_date", |text| assert_eq!(parse_http_date(text), None)),
    ("url_has_allowed_host_and_scheme", |text| {
        assert!(!url_has_allowed_host_and_scheme(text, &["example.com"], false));
    }),
    ("redirect", |text| drop(redirect(text))),
    ("SetCookie and escape", |text| {
        assert!(SetCookie::new("a", text).to_header().is_ok());
        assert!(escape(text).to_string().len() >= text.len());
    }),
];

#[test]
fn every_parser_reads_large_input_in_linear_time() {
    let start = Instant::now();
    let cost = |parse: fn(&str), text: &str| {
        let before = spent(start);
        parse(text);
        spent(start) - before
    };
    for ((input, small), (_, large)) in inputs(SMALL).into_iter().zip(inputs(LARGE)) {
        for (parser, parse) in PARSERS {
            assert_linear(&format!("{parser} of {input}"), cost(parse, &small), cost(parse, &large));
        }
    }
}

/// Reads all of the request that a view can read.
async fn read_all(request: &mut Request) -> Result<String> {
    let cookies = request.cookies().len();
    let query = request.query().len();
    let (host, secure) = (request.host().is_ok(), request.is_secure());
    let urls = (request.full_path().len(), request.build_absolute_uri(request.path())?.len());
    let form = request.form::<QueryDict>().await.map_or(0, |form| form.len());
    let json = request.json::<Value>().await.is_ok();
    Ok(format!("{cookies} {query} {host} {secure} {urls:?} {form} {json}"))
}

#[tokio::test]
async fn a_request_is_read_in_linear_time_whatever_it_carries() {
    let settings = "DEBUG = true\nDATA_UPLOAD_MAX_NUMBER_FIELDS = 1000000\nUSE_X_FORWARDED_HOST = true\n\
                    SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]";
    let routes = vec![path("checked/", read_all), path("exempt/", csrf_exempt(read_all))];
    let app = app(settings, routes);
    let fields = [
        "cookie",
        "x-csrftoken",
        "origin",
        "referer",
        "x-forwarded-proto",
        "x-forwarded-host",
        "accept",
        "accept-language",
        "accept-encoding",
        "range",
        "if-none-match",
        "content-type",
    ];
    let start = Instant::now();
    let field = |name, text: &str| request(Method::POST, "/checked/").header(name, text).body(String::new());
    let body = |kind, text: &str| {
        request(Method::POST, "/exempt/").header(header::CONTENT_TYPE, kind).body(text.to_owned())
    };
    let cost = async |request: http::Result<http::Request<String>>| {
        let before = spent(start);
        let answer = send(&app, request.expect("a request")).await;
        assert!(answer.status.as_u16() < 500, "{}", answer.status);
        spent(start) - before
    };
    for ((input, small), (_, large)) in inputs(SMALL).into_iter().zip(inputs(LARGE)) {
        for name in fields {
            let costs = (cost(field(name, &small)).await, cost(field(name, &large)).await);
            assert_linear(&format!("{name} of {input}"), costs.0, costs.1);
        }
        for kind in ["application/x-www-form-urlencoded", "application/json"] {
            let costs = (cost(body(kind, &small)).await, cost(body(kind, &large)).await);
            assert_linear(&format!("{kind} of {input}"), costs.0, costs.1);
        }
    }
}
