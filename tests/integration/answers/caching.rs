//! The wrappers of views: caching headers, conditions, frames; and the middleware that tags pages.

use std::time::{Duration, UNIX_EPOCH};

use nuages::{
    http::{Validators, http_date},
    middleware::ConditionalGetMiddleware,
    prelude::*,
    testing::{Client, TestResponse},
    urls::path,
    view::{
        cache_control, conditional, csrf_exempt, never_cache, require_http_methods, vary_on,
        xframe_options_deny, xframe_options_exempt, xframe_options_sameorigin,
    },
};

use crate::support::asking::app;

fn page(_: &mut Request) -> &'static str {
    "page"
}

fn fails(_: &mut Request) -> Result<Response> {
    Err(Error::not_found("nothing here"))
}

#[tokio::test]
async fn caching_headers_are_those_of_the_wrapper() {
    let private =
        |_: &mut Request| Response::text("mine").with_header("Cache-Control", "private, max-age=10");
    let english = |_: &mut Request| Response::text("hi").with_header("Vary", "Accept-Encoding");
    let client = Client::new(app(
        "",
        vec![
            path("never/", never_cache(page)),
            path("hour/", cache_control("public, max-age=3600", page)),
            path("both/", cache_control("public, max-age=3600", private)),
            path("vary/", vary_on(["Accept-Language", "X-Zone"], english)),
            path("fails/", never_cache(fails)),
        ],
    ));
    let header = async |path: &str, name: &str| client.get(path).await.header(name).map(str::to_owned);
    assert_eq!(
        header("/never/", "cache-control").await.as_deref(),
        Some("max-age=0, no-cache, no-store, must-revalidate, private")
    );
    assert_eq!(header("/hour/", "cache-control").await.as_deref(), Some("public, max-age=3600"));
    assert_eq!(header("/both/", "cache-control").await.as_deref(), Some("max-age=10, public"));
    assert_eq!(header("/vary/", "vary").await.as_deref(), Some("Accept-Encoding, Accept-Language, X-Zone"));
    assert_eq!(client.get("/fails/").await.status(), 404);
    assert_eq!(header("/fails/", "cache-control").await, None, "an error page keeps its own headers");
}

#[tokio::test]
async fn each_view_decides_who_may_frame_it() {
    let own = |_: &mut Request| Response::text("x").with_header("X-Frame-Options", "DENY");
    let routes = || {
        vec![
            path("", page),
            path("exempt/", xframe_options_exempt(page)),
            path("same/", xframe_options_sameorigin(page)),
            path("deny/", xframe_options_deny(page)),
            path("own/", xframe_options_sameorigin(own)),
            path("fails/", xframe_options_exempt(fails)),
        ]
    };
    for (setting, default) in [("", "DENY"), ("X_FRAME_OPTIONS = \"SAMEORIGIN\"", "SAMEORIGIN")] {
        let client = Client::new(app(setting, routes()));
        for (path, expected) in [
            ("/", Some(default)),
            ("/exempt/", None),
            ("/same/", Some("SAMEORIGIN")),
            ("/deny/", Some("DENY")),
            ("/own/", Some("DENY")),
            ("/fails/", Some(default)),
        ] {
            assert_eq!(client.get(path).await.header("x-frame-options"), expected, "{setting} {path}");
        }
    }
}

/// The page of `?v=`, last changed a minute after the beginning.
async fn version(request: &mut Request) -> Result<Validators> {
    let version =
        request.query().get("v").map(str::to_owned).ok_or_else(|| Error::bad_request("no version"))?;
    let last_modified = Some(UNIX_EPOCH + Duration::from_secs(60));
    Ok(Validators { etag: Some(format!("\"{version}\"")), last_modified })
}

fn count(request: &mut Request, id: u64) -> Result<String> {
    let count = request.session.get::<u64>("count")?.unwrap_or(0) + 1;
    request.session.insert("count", count)?;
    Ok(format!("{id}: {count}"))
}

#[tokio::test]
async fn a_conditional_view_runs_only_if_the_copy_is_old() {
    let client = Client::new(app("", vec![path("<int:id>/", conditional(version, count))]));
    let first = client.get("/7/?v=a").await;
    assert_eq!((first.status().as_u16(), &*first.text()), (200, "7: 1"));
    assert_eq!(first.header("etag"), Some("\"a\""));
    assert_eq!(first.header("last-modified"), Some("Thu, 01 Jan 1970 00:01:00 GMT"));
    let known = client.get("/7/?v=a").header("If-None-Match", "\"a\"").await;
    assert_eq!((known.status().as_u16(), known.header("etag"), &*known.text()), (304, Some("\"a\""), ""));
    let since = http_date(UNIX_EPOCH + Duration::from_secs(60));
    assert_eq!(client.get("/7/?v=a").header("If-Modified-Since", &since).await.status(), 304);
    let changed = client.get("/7/?v=b").header("If-None-Match", "\"a\"").await;
    assert_eq!((changed.status().as_u16(), &*changed.text()), (200, "7: 2"), "the view ran once in between");
    // A change of a page that somebody else has changed before.
    assert_eq!(client.put("/7/?v=b").header("If-Match", "\"a\"").await.status(), 412);
    let put = client.put("/7/?v=b").header("If-Match", "\"b\"").await;
    assert_eq!((put.status().as_u16(), put.header("etag")), (200, None));
    assert_eq!(client.get("/7/").await.status(), 400, "an error of the function is the answer");
}

#[tokio::test]
async fn wrappers_go_together() {
    let view = never_cache(vary_on(["X-Zone"], csrf_exempt(require_http_methods(["POST"], page))));
    let client = Client::new(app("", vec![path("", view)])).enforce_csrf_checks(true);
    let response = client.post("/").await;
    assert_eq!((response.status().as_u16(), response.header("vary")), (200, Some("X-Zone")));
    assert_eq!(client.get("/").await.status(), 405);
    let wrong = app("", vec![path("<int:id>/", never_cache(page))]).check().expect_err("it takes no value");
    assert!(wrong.to_string().contains("page"), "{wrong}");
}

#[tokio::test]
async fn the_middleware_tags_pages_and_spares_the_network() {
    let views = vec![
        path("", page),
        path("own/", |_: &mut Request| Response::text("x").with_header("ETag", "\"mine\"")),
        path("secret/", never_cache(page)),
        path("fails/", fails),
        path("stream/", |_: &mut Request| {
            Response::stream(async move |mut out: nuages::http::StreamSender| out.send("x").await)
        }),
    ];
    let client = Client::new(app("", views).middleware(ConditionalGetMiddleware));
    let tag = client.get("/").await.header("etag").expect("a tag").to_owned();
    let known = client.get("/").header("If-None-Match", &tag).await;
    let facts = |response: &TestResponse| (response.status().as_u16(), response.text().into_owned());
    assert_eq!(facts(&known), (304, String::new()));
    assert_eq!((known.header("content-type"), known.header("etag")), (None, Some(&*tag)));
    assert_eq!(facts(&client.get("/").header("If-None-Match", "\"old\"").await), (200, "page".to_owned()));
    assert_eq!(client.get("/own/").header("If-None-Match", "W/\"mine\"").await.status(), 304);
    assert_eq!(client.post("/own/").header("If-None-Match", "\"mine\"").await.status(), 200);
    for path in ["/secret/", "/fails/", "/stream/"] {
        assert_eq!(client.get(path).await.header("etag"), None, "{path}");
    }
}
