//! The CSRF check concerns views: a path without one gets its 404 or its redirect.

use http::{Method, StatusCode};
use nuages::{App, prelude::*, urls::path, view::csrf_exempt};

use crate::support::asking::{Answer, app, request, send};

fn site(extra: &str) -> App {
    let hook = |_: &mut Request| "received";
    app(extra, vec![path("hook/", csrf_exempt(hook)), path("form/", hook)])
}

/// A request without cookie and token.
async fn ask(app: &App, method: Method, target: &str) -> Answer {
    send(app, request(method, target).body("a=1").expect("a request")).await
}

#[tokio::test]
async fn an_unknown_url_is_a_404_for_every_method() {
    for extra in ["", "DEBUG = true"] {
        let app = site(extra);
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = ask(&app, method.clone(), "/nowhere/").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {extra}");
        }
    }
    assert_eq!(
        ask(&site(""), Method::POST, "/form/").await.status,
        StatusCode::FORBIDDEN,
        "a view is checked"
    );
    assert_eq!(ask(&site(""), Method::POST, "/hook/").await.body, "received");
}

#[tokio::test]
async fn a_view_without_its_slash_gets_the_redirect_or_the_error_that_says_so() {
    for target in ["/hook", "/form"] {
        let answer = ask(&site(""), Method::POST, target).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (301, format!("{target}/").as_str()));
        let answer = ask(&site("DEBUG = true"), Method::POST, target).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.body.contains("note the slash at the end"), "{}", answer.body);
        let answer = ask(&site("APPEND_SLASH = false"), Method::POST, target).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}
