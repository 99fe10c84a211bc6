//! Redirects stay on this site and never turn a visitor's URL into a 500.

use http::{Method, header};
use nuages::{prelude::*, urls::path};

use crate::support::{
    asking::{app, get, request, send},
    vectors::Vectors,
};

/// Redirects to the URL in `next`, without any check of the view's own.
fn follow(request: &mut Request) -> Response {
    redirect(request.query().get("next").unwrap_or("/"))
}

/// Redirects to the URL in `next` if it is safe, else to the first page.
fn follow_safely(request: &mut Request) -> Response {
    let next = request.query().get("next").unwrap_or("/");
    redirect(if request.is_safe_url(next) { next } else { "/" })
}

fn encoded(url: &str) -> String {
    url.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Whether a browser at `http://example.com/` stays there.
fn stays(location: &str) -> bool {
    let rest = location.strip_prefix("http://example.com").or(location.strip_prefix("https://example.com"));
    match rest {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => {
            let scheme = location.split_once(':').map_or("%", |(scheme, _)| scheme);
            let named = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
            !named && !location.starts_with("//") && !location.contains('\\')
        }
    }
}

#[tokio::test]
async fn the_path_of_a_request_never_leads_to_another_site() {
    let routes = vec![
        path("full/<path:rest>", |request: &mut Request, _: String| redirect(request.full_path())),
        path("<path:rest>", |request: &mut Request, _: String| match request.query().get("by") {
            Some("path") => redirect(request.path()),
            _ => redirect(request.full_path()),
        }),
    ];
    let app = app("APPEND_SLASH = false", routes);
    for (target, location) in [
        ("//evil.test/x?y=1", "/%2Fevil.test/x?y=1"),
        ("///evil.test/", "/%2F/evil.test/"),
        ("/%2Fevil.test/", "/%2Fevil.test/"),
        ("/%5Cevil.test/", "/%5Cevil.test/"),
        ("//evil.test/?by=path", "/%2Fevil.test/"),
        ("/full//x", "/full//x"),
    ] {
        assert_eq!(get(&app, target).await.header("location"), location, "{target}");
    }
}

#[tokio::test]
async fn a_redirect_refuses_other_schemes_and_control_characters_with_a_400() {
    let app = app("", vec![path("follow/", follow), path("safely/", follow_safely)]);
    for (url, status) in [
        ("/ok", 302),
        ("https://example.com/", 302),
        ("ftp://example.com/", 302),
        ("javascript:alert(1)", 400),
        ("JavaScript:alert(1)", 400),
        (" javascript:alert(1)", 400),
        ("java\tscript:alert(1)", 400),
        ("data:text/html,x", 400),
        ("vbscript:x", 400),
        ("mailto:a@b", 400),
        ("/ok\r\nX:y", 400),
        ("/ok\n", 400),
        ("/\u{0}", 400),
        ("/\u{85}", 400),
    ] {
        let unchecked = get(&app, &format!("/follow/?next={}", encoded(url))).await;
        assert_eq!(unchecked.status.as_u16(), status, "{url:?}");
        assert_eq!(unchecked.headers.contains_key(header::LOCATION), status == 302, "{url:?}");
        let safely = get(&app, &format!("/safely/?next={}", encoded(url))).await;
        assert!(safely.status.as_u16() < 500 && stays(safely.header("location")), "{url:?}: {safely:?}");
    }
    let injected = get(&app, "/safely/?next=/ok%0d%0aX:y").await;
    assert_eq!((injected.status.as_u16(), injected.header("location")), (302, "/"));
}

#[tokio::test]
async fn no_next_parameter_leads_to_another_site() {
    let app = app("", vec![path("safely/", follow_safely)]);
    for row in Vectors::read("redirect_safety").rows() {
        let url = row["url"].as_str().expect("a URL");
        let answer = get(&app, &format!("/safely/?next={}", encoded(url))).await;
        assert!(answer.status.as_u16() < 500, "{url:?}: {answer:?}");
        assert!(stays(answer.header("location")), "{url:?}: {answer:?}");
    }
}

#[tokio::test]
async fn of_several_forwarded_headers_the_one_of_the_proxy_counts() {
    let settings = "USE_X_FORWARDED_HOST = true\n\
                    SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]";
    let show = |request: &mut Request| request.build_absolute_uri(None);
    let app = app(settings, vec![path("", show)]);
    let ask = async |hosts: [&str; 2], schemes: [&str; 2]| {
        let mut request = request(Method::GET, "/");
        for host in hosts {
            request = request.header("X-Forwarded-Host", host);
        }
        for scheme in schemes {
            request = request.header("X-Forwarded-Proto", scheme);
        }
        let answer = send(&app, request.body("").expect("a request")).await;
        (answer.status.as_u16(), answer.body)
    };
    // The client's own lines come first.
    let (status, url) = ask(["a.example.org", "example.com"], ["https", "http"]).await;
    assert_eq!((status, url.as_str()), (200, "http://example.com/"));
    let (status, url) = ask(["evil.test", "example.com"], ["http", "https"]).await;
    assert_eq!((status, url.as_str()), (200, "https://example.com/"));
    assert_eq!(ask(["example.com", "evil.test"], ["http", "http"]).await.0, 400);
}
