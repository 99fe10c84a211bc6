//! Middleware in its places: outside the default ones, inside, per include, per route, left out, and tower
//! layers around everything.

use std::task::{Context, Poll};

use http::{HeaderValue, StatusCode};
use nuages::{
    App, AppService,
    http::Body,
    middleware::BuiltIn,
    prelude::*,
    testing::Client,
    urls::{include, path},
    view::{blocking, csrf_exempt},
};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::asking::{app, get};

/// Notes that it has run, and whether the session was loaded by then.
async fn note(name: &str, request: &mut Request, next: Next<'_>) -> Result<Response> {
    let seen = request.extension::<Seen>().map_or_else(String::new, |seen| seen.0.clone());
    request.extensions_mut().insert(Seen(format!("{seen}{name} ")));
    let mut response = next.run(request).await?;
    let order =
        format!("{}{name}", response.header("x-order").map(|order| format!("{order} ")).unwrap_or_default());
    response.set_header("X-Order", order);
    Ok(response)
}

#[derive(Clone)]
struct Seen(String);

async fn outer(request: &mut Request, next: Next<'_>) -> Result<Response> {
    note("outer", request, next).await
}

async fn outer_too(request: &mut Request, next: Next<'_>) -> Result<Response> {
    note("outer2", request, next).await
}

async fn inner(request: &mut Request, next: Next<'_>) -> Result<Response> {
    note("inner", request, next).await
}

async fn group(request: &mut Request, next: Next<'_>) -> Result<Response> {
    note("group", request, next).await
}

async fn single(request: &mut Request, next: Next<'_>) -> Result<Response> {
    note("single", request, next).await
}

fn seen(request: &mut Request) -> String {
    request.extension::<Seen>().map_or_else(String::new, |seen| seen.0.trim().to_owned())
}

fn captured(request: &mut Request, id: u32) -> String {
    format!("{} {id}", seen(request))
}

fn site(extra: &str) -> App {
    let inside = vec![path("<int:id>/", captured).middleware(single).name("one"), path("plain/", seen)];
    let twice = include("deep/", vec![path("", seen).middleware(single)]).middleware(inner);
    app(
        extra,
        vec![
            path("", seen),
            include("api/", inside).middleware(group).namespace("api"),
            include("outer/", vec![twice]).middleware(group),
            path("both/", seen).middleware(group).middleware(single),
            path("fails/", |_: &mut Request| -> Result<String> { Err(Error::not_found("gone")) })
                .middleware(single),
        ],
    )
    .middleware(inner)
    .outer_middleware(outer)
    .outer_middleware(outer_too)
}

#[tokio::test]
async fn middleware_runs_in_its_place() {
    let app = site("");
    for (target, order) in [
        ("/", "outer outer2 inner"),
        ("/api/plain/", "outer outer2 inner group"),
        ("/api/7/", "outer outer2 inner group single 7"),
        ("/outer/deep/", "outer outer2 inner group inner single"),
        ("/both/", "outer outer2 inner group single"),
    ] {
        assert_eq!(get(&app, target).await.body, order, "{target}");
    }
    assert_eq!(get(&app, "/api/7/").await.header("x-order"), "single group inner outer2 outer");
    // An error page passes through all of them, and a path without a view through those of the application.
    let failed = get(&app, "/fails/").await;
    assert_eq!(
        (failed.status, failed.header("x-order")),
        (StatusCode::NOT_FOUND, "single inner outer2 outer")
    );
    let missing = get(&app, "/api/none/").await;
    assert_eq!((missing.status, missing.header("x-order")), (StatusCode::NOT_FOUND, "inner outer2 outer"));
}

async fn maintenance(request: &mut Request, next: Next<'_>) -> Result<Response> {
    if request.query().contains_key("down") {
        return Ok(Response::text("back soon").with_status(StatusCode::SERVICE_UNAVAILABLE));
    }
    next.run(request).await
}

#[tokio::test]
async fn outer_middleware_runs_before_security_and_sessions() {
    let routes = vec![path("", |request: &mut Request| -> Result<&'static str> {
        request.session.insert("a", 1)?;
        Ok("up")
    })];
    let app = app("SECURE_SSL_REDIRECT = true", routes).outer_middleware(maintenance);
    let down = get(&app, "/?down").await;
    assert_eq!((down.status, down.body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "back soon"));
    assert!(down.header("x-content-type-options").is_empty() && down.cookies().is_empty());
    assert_eq!(get(&app, "/").await.status, StatusCode::MOVED_PERMANENTLY);
}

#[tokio::test]
async fn a_route_keeps_its_properties_inside_middleware() {
    let routes = vec![
        path("exempt/", csrf_exempt(|_: &mut Request| "done")).middleware(single),
        path("checked/", |_: &mut Request| "done").middleware(single),
        path("slow/", blocking(|_: &mut Request| "done")).middleware(single),
    ];
    let client = Client::new(app("", routes)).enforce_csrf_checks(true);
    assert_eq!(client.post("/exempt/").await.text(), "done");
    assert_eq!(client.post("/checked/").await.status(), 403);
    assert_eq!(client.get("/slow/").await.text(), "done");
    // The number of captured values is still checked at start-up.
    let wrong = app("", vec![path("x/", captured).middleware(single)]);
    assert!(wrong.check().expect_err("one value too few").to_string().contains("captured"));
}

#[tokio::test]
async fn a_default_middleware_can_be_left_out() {
    let view = |request: &mut Request| -> Result<String> {
        let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
        request.session.insert("visits", visits)?;
        Ok(format!("{visits} {}", request.user().is_authenticated()))
    };
    let site = || app("", vec![path("", view), path("slash/", view)]);
    let strict = |app: App| Client::new(app).enforce_csrf_checks(true);
    assert_eq!(strict(site()).post("/").await.status(), 403);
    assert_eq!(strict(site().without(BuiltIn::Csrf)).post("/").await.status(), 200);
    assert_eq!(Client::new(site()).get("/slash").await.status(), 301);
    assert_eq!(Client::new(site().without(BuiltIn::Common)).get("/slash").await.status(), 404);
    let frames = site().without(BuiltIn::Clickjacking).without(BuiltIn::Security);
    let response = Client::new(frames).get("/").await;
    assert_eq!((response.header("x-frame-options"), response.header("x-content-type-options")), (None, None));
    let client = Client::new(site().without(BuiltIn::Authentication).without(BuiltIn::Sessions));
    assert_eq!(
        (client.get("/").await.text(), client.get("/").await.text()),
        ("1 false".into(), "1 false".into())
    );
    assert!(client.cookie("sessionid").is_none());
    let error = site().without(BuiltIn::Sessions).check().expect_err("the user comes from the session");
    assert!(error.to_string().contains("without(BuiltIn::Authentication)"), "{error}");
}

/// A layer that sets a header, and changes the type of the body.
#[derive(Clone)]
struct SetHeader(&'static str);

#[derive(Clone)]
struct HeaderService<S>(S, &'static str);

impl<S> Layer<S> for SetHeader {
    type Service = HeaderService<S>;

    fn layer(&self, inner: S) -> HeaderService<S> {
        HeaderService(inner, self.0)
    }
}

impl<S, B> Service<http::Request<Body>> for HeaderService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Future: Send + 'static>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
{
    type Response = http::Response<http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, B::Error>>;
    type Error = S::Error;
    type Future = nuages::BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (answer, name) = (self.0.call(request), self.1);
        Box::pin(async move {
            let mut response = answer.await?;
            response.headers_mut().append("x-layer", HeaderValue::from_static(name));
            Ok(response.map(http_body_util::combinators::UnsyncBoxBody::new))
        })
    }
}

#[tokio::test]
async fn tower_layers_go_around_everything() {
    let routes = vec![path("", |_: &mut Request| "hello")];
    let layered =
        app("", routes).layer(SetHeader("first")).layer(SetHeader("second")).outer_middleware(outer);
    for target in ["/", "/none/"] {
        let response = get(&layered, target).await;
        let values: Vec<&str> =
            response.headers.get_all("x-layer").iter().map(|value| value.to_str().expect("ASCII")).collect();
        assert_eq!(values, ["first", "second"], "{target}: the last one is the outermost");
    }
    assert_eq!(get(&layered, "/").await.body, "hello");
    assert_eq!(get(&layered, "/").await.header("content-length"), "5");
}

/// A service that refuses every request, or fails.
#[derive(Clone)]
struct Closed(Option<StatusCode>);

impl Service<http::Request<Body>> for Closed {
    type Response = http::Response<Body>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<http::Response<Body>, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        std::future::ready(match self.0 {
            Some(status) => {
                let mut response = http::Response::new(Body::from("closed"));
                *response.status_mut() = status;
                Ok(response)
            }
            None => Err(std::io::Error::other("on purpose")),
        })
    }
}

#[tokio::test]
async fn a_layer_may_answer_itself_or_fail() {
    let closed = app("", vec![]).wrap(|_: AppService| Closed(Some(StatusCode::IM_A_TEAPOT)));
    assert_eq!(get(&closed, "/").await.status, StatusCode::IM_A_TEAPOT);
    let failing = app("", vec![]).wrap(|_: AppService| Closed(None));
    let response = get(&failing, "/").await;
    assert_eq!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!response.body.contains("on purpose"));
}

/// What `manage::run` accepts: the project's `main` compiles with all of it.
#[test]
fn manage_takes_an_application_with_all_of_it() {
    let manage = manage::Manage::new(|settings| {
        App::new(settings)
            .urls(vec![include("api/", vec![path("", seen).middleware(single)]).middleware(group)])
            .outer_middleware(outer)
            .middleware(inner)
            .without(BuiltIn::Csrf)
            .layer(SetHeader("x"))
    });
    let code = manage.run_from(["manage", "version"].map(Into::into));
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}
