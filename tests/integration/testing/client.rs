//! The test client: a visitor with cookies, forms, redirects, a session and a clock.

use std::time::Duration;

use nuages::{http::SetCookie, prelude::*, testing::Client, urls::path};
use serde::{Deserialize, Serialize};

use crate::support::site::Site;

async fn echo(request: &mut Request) -> Result<Response> {
    let body = request.body().await?;
    Response::json(&json!({
        "method": request.method().as_str(),
        "host": request.header("host"),
        "secure": request.is_secure(),
        "query": request.uri().query(),
        "type": request.header("content-type"),
        "x": request.header("x-test"),
        "cookie": request.header("cookie"),
        "body": String::from_utf8_lossy(&body),
    }))
}

fn set(request: &mut Request) -> Result<Response> {
    let mut response = Response::text("set");
    let now = request.clock().now();
    let age = Duration::from_secs(60);
    response.set_cookie(SetCookie { path: "/blog/".into(), ..SetCookie::new("deep", "1") });
    response.set_cookie(SetCookie::new("short", "2").lasting(age, now));
    response.set_cookie(SetCookie { secure: true, ..SetCookie::new("safe", "3") });
    Ok(response)
}

fn unset(_: &mut Request) -> Response {
    let mut response = Response::text("unset");
    response.delete_cookie("short", "/", None, None);
    response
}

fn away(_: &mut Request, kind: String) -> Response {
    match kind.as_str() {
        "found" => Response::redirect("/echo/?from=found"),
        "relative" => Response::redirect("../../echo/?from=relative"),
        "keep" => Response::redirect("/echo/").with_status(StatusCode::TEMPORARY_REDIRECT),
        "other" => Response::redirect("https://localhost:8443/echo/"),
        "twice" => Response::redirect("/away/found/"),
        _ => Response::redirect("/away/loop/"),
    }
}

fn count(request: &mut Request) -> Result<String> {
    let count = request.session.get::<u32>("count")?.unwrap_or(0) + 1;
    request.session.insert("count", count)?;
    Ok(count.to_string())
}

fn client() -> (Site, Client) {
    let folder = Site::new("SESSION_ENGINE = \"file\"");
    let app = folder.app(vec![
        path("echo/", echo),
        path("blog/echo/", echo),
        path("set/", set),
        path("unset/", unset),
        path("away/<str:kind>/", away),
        path("count/", count),
    ]);
    (folder, Client::new(app))
}

#[derive(Serialize)]
struct Article {
    title: &'static str,
    year: u32,
}

#[derive(Deserialize)]
struct Echo {
    method: String,
    host: String,
    secure: bool,
    query: Option<String>,
    r#type: Option<String>,
    x: Option<String>,
    cookie: Option<String>,
    body: String,
}

#[tokio::test]
async fn requests_are_built_step_by_step() {
    let (_folder, client) = client();
    let article = Article { title: "A & B", year: 2026 };
    let seen: Echo = client.post("/echo/").form(&article).header("X-Test", "y").await.json().expect("JSON");
    assert_eq!((seen.method.as_str(), seen.host.as_str()), ("POST", "localhost"));
    assert_eq!(seen.r#type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!((seen.body.as_str(), seen.x.as_deref()), ("title=A+%26+B&year=2026", Some("y")));
    let seen: Echo = client.put("/echo/?a=1").json(&article).query(&[("b", "é")]).await.json().expect("JSON");
    assert_eq!(seen.r#type.as_deref(), Some("application/json"));
    assert_eq!(seen.body, r#"{"title":"A & B","year":2026}"#);
    assert_eq!(seen.query.as_deref(), Some("a=1&b=%C3%A9"));
    let seen: Echo = client.clone().https(true).get("/echo/").await.json().expect("JSON");
    assert!(seen.secure);
    let head = client.head("/echo/").await;
    assert_eq!((head.status().as_u16(), head.bytes().len()), (200, 0));
    assert!(client.get("/nothing/").await.json::<Echo>().is_err());
}

#[tokio::test]
async fn cookies_are_kept_as_a_browser_keeps_them() {
    let (_folder, client) = client();
    let sent = async |client: &Client, path| client.get(path).await.json::<Echo>().expect("JSON").cookie;
    let response = client.get("/set/").await;
    assert_eq!(response.cookie("short").and_then(|cookie| cookie.max_age), Some(60));
    assert_eq!(response.cookie("deep").and_then(|cookie| cookie.path.as_deref()), Some("/blog/"));
    assert_eq!(client.cookie("short").as_deref(), Some("2"));
    assert_eq!(sent(&client, "/echo/").await.as_deref(), Some("short=2"));
    assert_eq!(sent(&client, "/blog/echo/").await.as_deref(), Some("deep=1; short=2"));
    assert_eq!(sent(&client.clone().https(true), "/echo/").await.as_deref(), Some("short=2; safe=3"));
    assert_eq!(sent(&client.stranger(), "/echo/").await, None);
    client.clock().advance(Duration::from_secs(61));
    assert_eq!(client.cookie("short"), None);
    assert_eq!(sent(&client, "/echo/").await, None);
    client.get("/set/").await;
    client.get("/unset/").await;
    assert_eq!(client.cookie("short"), None);
    client.set_cookie("own", "x");
    assert_eq!(sent(&client, "/echo/").await.as_deref(), Some("own=x"));
    client.clear_cookies();
    assert_eq!(sent(&client, "/echo/").await, None);
}

#[tokio::test]
async fn redirects_are_followed_on_request() {
    let (_folder, client) = client();
    let response = client.get("/away/found/").await;
    assert_eq!((response.status().as_u16(), response.header("location")), (302, Some("/echo/?from=found")));
    let follow = async |path| {
        let response = client.post(path).form(&[("a", "b")]).follow_redirects(true).await;
        (response.redirects().len(), response.json::<Echo>().expect("JSON"))
    };
    let (count, seen) = follow("/away/twice/").await;
    assert_eq!((count, seen.method.as_str(), seen.body.as_str()), (2, "GET", ""));
    assert_eq!((seen.query.as_deref(), seen.r#type), (Some("from=found"), None));
    let (_, seen) = follow("/away/relative/").await;
    assert_eq!(seen.query.as_deref(), Some("from=relative"));
    let (_, seen) = follow("/away/keep/").await;
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("POST", "a=b"));
    let (_, seen) = follow("/away/other/").await;
    assert_eq!((seen.host.as_str(), seen.secure), ("localhost:8443", true));
}

#[tokio::test]
#[should_panic(expected = "more than 20 redirects")]
async fn redirects_without_end_are_a_failure() {
    let (_folder, client) = client();
    client.get("/away/loop/").follow_redirects(true).await;
}

#[tokio::test]
async fn the_session_can_be_read_and_written_from_outside() {
    let (_folder, client) = client();
    assert!(client.session().await.expect("a session").is_empty());
    let mut session = client.session().await.expect("a session");
    session.insert("count", 41).expect("a number");
    session.save().await.expect("stored");
    assert_eq!(client.get("/count/").await.text(), "42");
    let session = client.session().await.expect("a session");
    assert_eq!(session.get::<u32>("count").expect("a number"), Some(42));
    assert!(client.stranger().session().await.expect("a session").is_empty());
    let mut session = client.session().await.expect("a session");
    session.flush();
    session.save().await.expect("deleted");
    assert_eq!(client.get("/count/").await.text(), "1");
    client.clock().advance(Duration::from_secs(1_209_601));
    assert!(client.session().await.expect("a session").is_empty());
    assert_eq!(client.get("/count/").await.text(), "1");
}

#[tokio::test]
async fn csrf_is_checked_on_request_only() {
    let (_folder, client) = client();
    assert_eq!(client.post("/echo/").form(&[("a", "b")]).await.status(), 200);
    let strict = client.enforce_csrf_checks(true);
    assert_eq!(strict.post("/echo/").form(&[("a", "b")]).await.status(), 403);
    let token = "a".repeat(32);
    strict.set_cookie("csrftoken", &token);
    assert_eq!(strict.post("/echo/").header("X-CSRFToken", &token).await.status(), 200);
    assert_eq!(strict.post("/echo/").form(&[("csrfmiddlewaretoken", &token)]).await.status(), 200);
    assert_eq!(strict.post("/echo/").form(&[("csrfmiddlewaretoken", "b")]).await.status(), 403);
}
