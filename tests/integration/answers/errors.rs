//! The answer to an error: problem details, the project's handler, the project's templates.

use nuages::{App, middleware::CsrfRejected, prelude::*, testing::Client, urls::path};

use crate::support::{asking, site::Site};

fn fails(_: &mut Request) -> Result<Response> {
    Err(Error::new("the password is s3cret"))
}

fn refuses(_: &mut Request) -> Result<Response> {
    Err(Error::forbidden("not for you"))
}

fn site(lines: &str) -> Site {
    Site::new(&asking::lines(lines))
}

fn app(site: &Site) -> App {
    let odd = |_: &mut Request| Err::<Response, _>(Error::with_status(StatusCode::IM_A_TEAPOT, "no coffee"));
    site.app(vec![path("fails/", fails), path("refuses/", refuses), path("odd/", odd)])
}

#[tokio::test]
async fn clients_that_prefer_json_get_problem_details() {
    let site = site("").file("templates/404.html", "a page");
    let client = Client::new(app(&site));
    for (path, status, title) in [
        ("/fails/", 500, "Internal Server Error"),
        ("/refuses/", 403, "Forbidden"),
        ("/none/", 404, "Not Found"),
        ("/odd/", 418, "I'm a teapot"),
    ] {
        let response = client.get(path).header("Accept", "application/json").await;
        assert_eq!(response.status(), status);
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        assert_eq!(response.header("vary"), Some("Accept"));
        let problem: Value = response.json().expect("JSON");
        assert_eq!(
            problem,
            json!({ "type": "about:blank", "title": title, "status": status }),
            "visitors learn no more"
        );
    }
    assert_eq!(client.get("/none/").await.header("vary"), Some("Accept"), "a cache must keep both apart");
    let browser = client.get("/none/").header("Accept", "text/html,application/xml;q=0.9,*/*;q=0.8").await;
    assert_eq!(
        (&*browser.text(), browser.header("content-type")),
        ("a page", Some("text/html; charset=utf-8"))
    );
    assert_eq!(client.get("/none/").header("Accept", "*/*").await.text(), "a page");
}

#[tokio::test]
async fn under_debug_the_problem_names_the_cause_and_the_place() {
    let site = site("DEBUG = true");
    let client = Client::new(app(&site));
    let problem: Value =
        client.get("/fails/").header("Accept", "application/json").await.json().expect("JSON");
    assert_eq!(problem["detail"], "the password is s3cret");
    assert!(problem["place"].as_str().is_some_and(|place| place.contains("errors.rs:")), "{problem}");
    let problem: Value =
        client.get("/none/").header("Accept", "application/json").await.json().expect("JSON");
    assert_eq!(
        (&problem["detail"], &problem["place"]),
        (&json!("no URL pattern matches the path"), &Value::Null)
    );
    assert!(client.get("/fails/").await.text().starts_with("<!doctype html>"), "browsers get the debug page");
}

#[tokio::test]
async fn the_projects_handler_takes_over_either() {
    fn handler(request: &mut Request, error: &Error) -> Result<Option<Response>> {
        if request.query().contains_key("leave") {
            return Ok(None);
        }
        if request.query().contains_key("break") {
            return Err(Error::new("the handler broke"));
        }
        if error.downcast_ref::<CsrfRejected>().is_some() {
            return Ok(Some(redirect("/")));
        }
        let text = format!("{} {}", error.status().as_u16(), request.path());
        Ok(Some(match request.prefers_json() {
            true => Response::json(&json!({ "error": text }))?,
            false => render(request, "error.html", context! { text })?,
        }))
    }
    let site = site("").file("templates/error.html", "<p>{{ text }}");
    let client = Client::new(app(&site).error_handler(handler));
    let response = client.get("/fails/").await;
    assert_eq!((response.status().as_u16(), &*response.text()), (500, "<p>500 &#x2f;fails&#x2f;"));
    assert_eq!(response.header("x-frame-options"), Some("DENY"), "the middleware sees it");
    let json = client.get("/none/").header("Accept", "application/json").await;
    assert_eq!((json.status().as_u16(), &*json.text()), (404, "{\"error\":\"404 /none/\"}"));
    assert!(client.get("/refuses/?leave").await.text().contains("403 Forbidden"));
    let broken = client.get("/refuses/?break").await;
    assert_eq!(broken.status(), 403);
    assert!(broken.text().contains("403 Forbidden"), "the bare page");
    let strict = client.enforce_csrf_checks(true);
    assert_eq!(strict.post("/fails/").follow_redirects(false).await.status(), 302, "its own status stays");
}

#[tokio::test]
async fn templates_named_after_the_status_are_used_where_they_are() {
    let mut site = site("");
    for status in ["400", "403", "404", "500", "418"] {
        site = site.file(
            &format!("templates/{status}.html"),
            format!("{status}: {{{{ request.path }}}} {{{{ reason }}}}"),
        );
    }
    let client = Client::new(app(&site));
    for (path, status, text) in [
        ("/none/", 404, "404: &#x2f;none&#x2f; Not Found"),
        ("/fails/", 500, "500: &#x2f;fails&#x2f; Internal Server Error"),
        ("/refuses/", 403, "403: &#x2f;refuses&#x2f; Forbidden"),
        ("/odd/", 418, "418: &#x2f;odd&#x2f; I&#x27;m a teapot"),
        ("/%ff/", 400, "400: &#x2f;%ff&#x2f; Bad Request"),
    ] {
        let response = client.get(path).await;
        assert_eq!((response.status().as_u16(), &*response.text()), (status, text), "{path}");
    }
    let strict = client.enforce_csrf_checks(true);
    assert!(strict.post("/fails/").await.text().starts_with("403: "), "also for the CSRF check");
}
