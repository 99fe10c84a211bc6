//! The debug page shows no secret of the request, whatever it is called and wherever it stands; it shows where
//! an error came from.

use http::{Method, header};
use nuages::{App, prelude::*, urls::path};

use crate::support::{
    asking::{app, request, send},
    site::settings_in,
};

const KEY: &str = "k8q0zbc3x1v5n7m9l2j4h6g8f0d1s3a5";
const SIGNED: &str = "eyJhIjoxfQ:1tABCd:QvNdFl5o2CbK0bqRzV3T9hZ9mN6tIu8yXwE1rS4aPqo";
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn fails(_: &mut Request, value: String) -> Result<Response> {
    Err(Error::bad_request(format!("{value:?} is not valid")).context("reading the link"))
}

#[tokio::test]
async fn the_debug_page_masks_secrets_by_name_and_by_shape() {
    let app = app("DEBUG = true", vec![path("reset/<str:value>/", fails)]);
    for name in ["jwt", "code", "otp", "pin", "sms_code", "sid", "access_token", "state", "new_password1"] {
        let target = format!("/nowhere/?{name}=hidden&q=shown");
        let page = send(&app, request(Method::GET, &target).body("").expect("a request")).await.body;
        assert!(page.contains("DEBUG = true") && page.contains("shown"), "{page}");
        assert!(!page.contains("hidden"), "{name}: {page}");
    }
    for secret in [KEY, SIGNED, TOKEN] {
        let places = [
            (format!("/reset/{secret}/"), None),
            (format!("/nowhere/{secret}"), None),
            (format!("/nowhere/?q={secret}"), None),
            (format!("/nowhere/?{secret}"), None),
            ("/nowhere/".to_owned(), Some((header::REFERER, format!("http://example.com/reset/{secret}/")))),
            ("/nowhere/".to_owned(), Some((header::IF_NONE_MATCH, format!("\"{secret}\"")))),
        ];
        for (target, field) in places {
            let mut request = request(Method::GET, &target);
            if let Some((name, value)) = &field {
                request = request.header(name, value);
            }
            let page = send(&app, request.body("").expect("a request")).await.body;
            assert!(page.contains("DEBUG = true"), "{page}");
            // Slashes and the like are escaped; a middle part shows whether anything is left of it.
            let part = &secret[secret.len() - 20..];
            assert!(!page.contains(part), "{target} {field:?}: {page}");
        }
    }
    let target = "/articles/2026/how-to-build-10-websites/?page=2";
    let page = send(&app, request(Method::GET, target).body("").expect("a request")).await.body;
    assert!(page.contains("how-to-build-10-websites"), "ordinary paths are shown: {page}");
}

/// A site whose folder is that of this workspace, so that its sources are found.
fn site_of_this_source() -> App {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let settings =
        settings_in(folder, "DEBUG = true\nALLOWED_HOSTS = [\"*\"]\nSESSION_ENGINE = \"signed_cookies\"");
    let routes = vec![path("question/", question), path("panic/", panics), path("inside/", inside)];
    App::new(settings).urls(routes)
}

fn question(_: &mut Request) -> Result<&'static str> {
    "many".parse::<u32>()?; // the place of the `?`
    Ok("a number")
}

fn panics(_: &mut Request) -> &'static str {
    panic!("on purpose") // the place of the panic
}

async fn inside(request: &mut Request) -> Result<String> {
    let n = request.session.get::<u32>("n"); // an error that is made inside the framework
    request.session.insert("n", "text")?;
    let _ = n;
    Ok(request.session.get::<u32>("n")?.unwrap_or_default().to_string()) // passed on here
}

async fn page(app: &App, target: &str, accept: Option<&str>) -> String {
    let mut request = request(Method::GET, target);
    if let Some(accept) = accept {
        request = request.header(header::ACCEPT, accept);
    }
    send(app, request.body("").expect("a request")).await.body
}

#[tokio::test]
async fn the_page_shows_the_line_of_the_question_mark_and_of_the_panic() {
    let app = site_of_this_source();
    for (target, line) in [("/question/", "the place of the `?`"), ("/panic/", "the place of the panic")] {
        let page = page(&app, target, None).await;
        let source = include_str!("debug_page.rs");
        let number =
            1 + source.lines().position(|text| text.contains(&format!("// {line}"))).expect("the line");
        assert!(page.contains("<h2>Where</h2>"), "{page}");
        assert!(page.contains(&format!("debug_page.rs:{number}:")), "{number}: {page}");
        let marked = format!("<span class=\"here\"><i>{number}</i>");
        let (_, here) = page.split_once(&marked).expect("the marked line");
        assert!(here.split("</span>").next().is_some_and(|text| text.contains("the place of")), "{page}");
        assert_eq!(page.matches("<span").count(), 7, "seven lines: {page}");
    }
}

#[tokio::test]
async fn an_error_of_the_framework_is_shown_where_the_project_called_it() {
    let page = page(&site_of_this_source(), "/inside/", None).await;
    assert!(page.contains("passed on here"), "{page}");
    assert!(page.contains("<h2>Where</h2>") && page.contains("<summary>All "), "{page}");
    assert!(!page.contains("framework/src/sessions") || page.contains("<details>"), "{page}");
}

#[tokio::test]
async fn clients_that_want_no_html_get_the_same_as_text() {
    let app = site_of_this_source();
    let text = page(&app, "/question/", Some("text/plain")).await;
    assert!(text.starts_with("500 Internal Server Error\nGET /question/\n\ninvalid digit"), "{text}");
    assert!(text.contains("\nat ") && text.contains("debug_page.rs:") && !text.contains('<'), "{text}");
    for accept in [Some("text/html,*/*;q=0.8"), Some("*/*"), None] {
        assert!(page(&app, "/question/", accept).await.starts_with("<!doctype html>"), "{accept:?}");
    }
}

#[tokio::test]
async fn an_answer_of_the_visitors_own_making_has_no_call_stack() {
    let page = page(&site_of_this_source(), "/nowhere/", None).await;
    assert!(page.contains("404") && !page.contains("<h2>Where</h2>") && !page.contains("Calls"), "{page}");
}
