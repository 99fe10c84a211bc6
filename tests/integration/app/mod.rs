//! The application: checks at start-up, mounted services, hang-ups, the debug page.

mod blocking;
mod lifecycle;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use nuages::{
    BoxFuture, Clock,
    contrib::auth::User,
    http::{Body, CsrfToken},
    prelude::*,
    sessions::SessionHandle,
    urls::{Converter, path},
};
use tower_service::Service;

use crate::support::{
    asking::{app, get, lines, request, send},
    polling::until,
    site::Site,
};

fn hello(_: &mut Request) -> &'static str {
    "hello"
}

#[test]
fn all_errors_are_reported_together() {
    let site = Site::new("ALLOWED_HOSTS = [\"example.com\"]\nSESSION_ENGINE = \"redis-sessions\"")
        .file("templates/broken.html", "{% if %}");
    let routes = vec![path("<integer:x>/", |_: &mut Request, x: u8| x.to_string()), path("<int:y>/", hello)];
    let errors = site.app(routes).check().expect_err("three mistakes");
    let message = errors.to_string();
    for part in ["redis-sessions", "no converter is named \"integer\"", "<int:y>/", "broken.html, line 1"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let app = app("", vec![path("", hello)]);
    assert!(app.check().is_ok() && app.sessions().is_ok());
}

#[tokio::test]
async fn an_application_with_mistakes_answers_nothing_but_errors() {
    let app = app("", vec![path("<no:x>/", hello)]);
    assert_eq!(get(&app, "/").await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

/// A tower service that tells what it was given.
#[derive(Clone)]
struct Echo;

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let session = request.extensions().get::<SessionHandle>();
            let visits = session.map(|session| {
                session.with(|session| {
                    let visits = session.get::<u64>("visits").ok().flatten().unwrap_or(0) + 1;
                    session["visits"] = json!(visits);
                    visits
                })
            });
            let token = request.extensions().get::<CsrfToken>().is_some();
            let user = request.extensions().get::<User>().is_some();
            let text = format!("{} {visits:?} {token} {user}", request.uri());
            Ok(http::Response::new(Full::new(text.into())))
        })
    }
}

#[tokio::test]
async fn a_tower_service_answers_below_its_prefix() {
    let app = app("", vec![path("", hello)]).mount("api/", Echo).mount_outside("healthz", Echo);
    let first = get(&app, "/api/a%2Fb?q=1").await;
    assert_eq!(first.body, "/a%2Fb?q=1 Some(1) true false");
    assert_eq!(first.header("vary"), "Cookie");
    let cookie = format!("sessionid={}", first.cookie("sessionid").expect("a session"));
    let again = request(Method::GET, "/api/").header(header::COOKIE, cookie).body("").expect("a request");
    assert_eq!(send(&app, again).await.body, "/ Some(2) true false");
    let post = request(Method::POST, "/api/").body("").expect("a request");
    assert_eq!(send(&app, post).await.status, StatusCode::FORBIDDEN, "CSRF is checked there too");
    let outside = get(&app, "/healthz?x").await;
    assert_eq!((outside.body.as_str(), outside.header("x-frame-options")), ("/?x None false false", ""));
    assert_eq!(get(&app, "/healthzz").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_interface_without_cookies_is_mounted_without_the_csrf_check() {
    let app = app("", Vec::new()).mount_csrf_exempt("api/", Echo);
    let post = request(Method::POST, "/api/x").body("").expect("a request");
    assert_eq!(send(&app, post).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_hangs_up_cuts_no_request_in_half() {
    let done = Arc::new(AtomicBool::new(false));
    let go_on = Arc::new(tokio::sync::Notify::new());
    #[derive(Clone)]
    struct Slow(Arc<AtomicBool>, Arc<tokio::sync::Notify>);
    impl nuages::middleware::Middleware for Slow {
        fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
            Box::pin(async move {
                self.1.notified().await;
                let response = next.run(request).await?;
                self.0.store(true, Ordering::SeqCst);
                Ok(response)
            })
        }
    }
    let mut app = app("", vec![path("", hello)]).middleware(Slow(Arc::clone(&done), Arc::clone(&go_on)));

    let request = request(Method::GET, "/").body(Full::<Bytes>::default()).expect("a request");
    let answer = app.call(request);
    let hung_up = tokio::time::timeout(Duration::from_millis(5), answer).await;
    assert!(hung_up.is_err() && !done.load(Ordering::SeqCst));
    go_on.notify_one();
    until(Duration::from_secs(5), async || done.load(Ordering::SeqCst)).await;
}

#[tokio::test]
async fn a_clock_and_a_converter_of_the_projects_own_are_used() {
    let clock = Clock::system();
    clock.set(std::time::UNIX_EPOCH + Duration::from_secs(1_000));
    let now = |request: &mut Request, year: u16| format!("{year} {}", request.clock().unix_now());
    let four = Converter::new("yyyy", |text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
    let app = app("", vec![path("<yyyy:year>/", now)]).converter(four).clock(clock);
    assert_eq!(get(&app, "/2026/").await.body, "2026 1000");
    assert_eq!(get(&app, "/26/").await.status, StatusCode::NOT_FOUND);
}

fn fails(_: &mut Request) -> Result<Response> {
    Err(Error::from("x".parse::<u8>().expect_err("no number")).context("reading the <year>"))
}

#[tokio::test]
async fn only_developers_see_the_debug_page() {
    let routes = || vec![path("articles/<int:year>/", hello_year).name("article"), path("fails/", fails)];
    fn hello_year(_: &mut Request, year: u8) -> String {
        year.to_string()
    }
    let app = app("DEBUG = true\nINTERNAL_IPS = [\"192.0.2.7\"]", routes());
    let missing = get(&app, "/none/?token=hidden1&q=shown").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    for part in ["Patterns tried", "articles&#x2f;&lt;int:year&gt;&#x2f;", "article", "shown", "DEBUG = true"]
    {
        assert!(missing.body.contains(part), "{part}: {}", missing.body);
    }
    assert!(!missing.body.contains("hidden1") && !missing.body.contains("<script"));
    assert!(get(&app, "/articles/999/").await.body.contains("does not parse into the type of the view"));

    let ask = async |client: &str, host: &str| {
        let client: SocketAddr = client.parse().expect("an address");
        let request = http::Request::get("/fails/")
            .header(header::HOST, host)
            .header(header::COOKIE, "sessionid=hidden2; theme=hidden3")
            .header(header::AUTHORIZATION, "Bearer hidden4")
            .header("X-Api-Key", "hidden5")
            .extension(client)
            .body("");
        send(&app, request.expect("a request")).await
    };
    for client in ["127.0.0.1:1", "[::1]:1", "192.0.2.7:1", "[::ffff:192.0.2.7]:1"] {
        let failed = ask(client, "example.com").await;
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
        for part in ["reading the &lt;year&gt;", "invalid digit found in string", "x-api-key", "********"] {
            assert!(failed.body.contains(part), "{part}: {}", failed.body);
        }
        assert!(!failed.body.contains("hidden"), "{}", failed.body);
    }
    for (client, host) in [("192.0.2.8:1", "example.com"), ("127.0.0.1:1", "evil.test")] {
        let failed = ask(client, host).await;
        assert!(!failed.body.contains("DEBUG = true"), "{client} {host}: {}", failed.body);
    }
}

#[tokio::test]
async fn sessions_work_through_the_whole_stack() {
    fn count(request: &mut Request) -> Result<String> {
        let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
        request.session.insert("visits", visits)?;
        Ok(visits.to_string())
    }
    let site = Site::new(&lines(""));
    let app = site.app(vec![path("", count), path("fails/", fails)]);
    let mut cookie = String::from("x=y");
    for visit in 1..=3 {
        let request = request(Method::GET, "/").header(header::COOKIE, &cookie).body("").expect("a request");
        let answer = send(&app, request).await;
        assert_eq!(answer.body, visit.to_string());
        assert_eq!((answer.header("vary"), answer.header("cache-control")), ("Cookie", "private"));
        cookie = format!("sessionid={}", answer.cookie("sessionid").expect("a session"));
    }
    let failed = get(&app, "/fails/").await;
    assert!(failed.cookies().is_empty(), "a 500 saves nothing");
}
