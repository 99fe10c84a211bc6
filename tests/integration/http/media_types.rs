//! The media types of responses: text is plain unless the view says that it is HTML.

use std::borrow::Cow;

use nuages::{http::Body, prelude::*, templates::escape, urls::path};

use crate::support::asking::{app, get};

/// The path of a page that would run a script, if a browser took the response for HTML.
const ATTACK: &str = "/hello/%3Cimg%20src=x%20onerror=alert(1)%3E/";

#[tokio::test]
async fn text_with_input_of_a_visitor_is_never_html_unless_the_view_says_so() {
    let routes = vec![
        path("hello/<str:name>/", |_: &mut Request, name: String| format!("Hello, {name}!")),
        path("str/", |_: &mut Request| "<script>"),
        path("cow/", |_: &mut Request| Cow::<'static, str>::Owned("<script>".to_owned())),
        path("result/", |_: &mut Request| Ok::<_, Error>("<script>".to_owned())),
        path("status/", |_: &mut Request| (StatusCode::CREATED, "<script>")),
        path("response/", |_: &mut Request| Response::new("<script>")),
        path("body/", |_: &mut Request| Response::new(Body::from("<script>"))),
        path("text/", |_: &mut Request| Response::text("<script>")),
    ];
    let app = app("", routes);
    let greeting = get(&app, ATTACK).await;
    assert_eq!(greeting.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(greeting.header("x-content-type-options"), "nosniff", "browsers must not guess");
    assert!(greeting.body.contains("<img src=x onerror=alert(1)>"), "plain text needs no escapes");
    for target in ["/str/", "/cow/", "/result/", "/status/", "/response/", "/body/", "/text/"] {
        let answer = get(&app, target).await;
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8", "{target}");
        assert_eq!(answer.body, "<script>", "{target}");
    }
}

#[tokio::test]
async fn html_is_what_a_view_calls_html() {
    let routes = vec![
        path("hello/<str:name>/", |_: &mut Request, name: String| {
            Html(format!("<h1>Hello, {}!</h1>", escape(&name)))
        }),
        path("html/", |_: &mut Request| Response::html("<h1>x</h1>")),
        path("both/", |_: &mut Request| (StatusCode::CREATED, Html("<h1>x</h1>"))),
    ];
    let app = app("", routes);
    let greeting = get(&app, ATTACK).await;
    assert_eq!(greeting.body, "<h1>Hello, &lt;img src=x onerror=alert(1)&gt;!</h1>");
    for target in [ATTACK, "/html/", "/both/", "/nowhere/"] {
        assert_eq!(get(&app, target).await.header("content-type"), "text/html; charset=utf-8", "{target}");
    }
}
