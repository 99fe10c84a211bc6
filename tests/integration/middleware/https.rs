//! HTTPS and proxies: paths that stay on HTTP, the port behind a proxy, cookies of embedded sites.

use std::path::Path;

use nuages::{contrib::messages, prelude::*, settings::Settings, testing::Client, urls::path};

use crate::support::{asking::app, site::settings_text};

fn page(_: &mut Request) -> &'static str {
    "page"
}

#[tokio::test]
async fn paths_that_match_an_expression_stay_on_http() {
    let lines =
        "SECURE_SSL_REDIRECT = true\nSECURE_REDIRECT_EXEMPT = ['^health/$', 'acme-\\d+', '(?i)^PUBLIC/']";
    let client = Client::new(app(lines, vec![path("<path:any>", |_: &mut Request, any: String| any)]));
    for (path, stays) in [
        ("/health/", true),
        ("/health/x/", false),
        ("/a/health/", false),
        ("/well/acme-17/x", true),
        ("/acme-/", false),
        ("/public/page", true),
        ("/other/", false),
    ] {
        let response = client.get(path).follow_redirects(false).await;
        assert_eq!(response.status() == 200, stays, "{path}: {}", response.status());
        if !stays {
            assert_eq!(response.header("location"), Some(&*format!("https://example.com{path}")), "{path}");
        }
    }
}

#[test]
fn an_expression_that_cannot_be_read_is_named_with_the_reason() {
    let line = "SECURE_REDIRECT_EXEMPT = ['^ok/$', '(']";
    let error =
        Settings::from_toml(&settings_text(line), Path::new(".")).expect_err("half a group").to_string();
    assert!(error.contains("\"(\" is not a regular expression: unclosed group"), "{error}");
    let line = "SECURE_REDIRECT_EXEMPT = ['^(?!admin/)']";
    let error =
        Settings::from_toml(&settings_text(line), Path::new(".")).expect_err("look-around").to_string();
    assert!(error.contains("look-around"), "{error}");
}

#[tokio::test]
async fn the_port_is_that_of_the_proxy_where_it_is_trusted() {
    let port = |request: &mut Request| request.port().to_string();
    for (line, host, forwarded, expected) in [
        ("", "example.com", None, "80"),
        ("", "example.com:8000", None, "8000"),
        ("", "example.com:8000", Some("9000"), "8000"),
        ("USE_X_FORWARDED_PORT = true", "example.com:8000", Some("9000"), "9000"),
        ("USE_X_FORWARDED_PORT = true", "example.com:8000", None, "8000"),
        ("USE_X_FORWARDED_PORT = true", "example.com", Some("no port"), "80"),
    ] {
        let client = Client::new(app(line, vec![path("", port)])).host(host);
        let mut request = client.get("/");
        if let Some(port) = forwarded {
            request = request.header("X-Forwarded-Port", port);
        }
        assert_eq!(request.await.text(), expected, "{line} {host} {forwarded:?}");
    }
    let client = Client::new(app("", vec![path("", port)])).https(true);
    assert_eq!(client.get("/").await.text(), "443");
}

#[tokio::test]
async fn the_referer_of_a_cookie_domain_needs_the_proxys_port() {
    let lines = "CSRF_COOKIE_DOMAIN = \".example.com\"\nUSE_X_FORWARDED_PORT = true";
    let token = |request: &mut Request| request.csrf_token();
    let client = Client::new(app(lines, vec![path("", token)])).https(true).enforce_csrf_checks(true);
    let sent = client.get("/").await.text().into_owned();
    for (port, referer, status) in [
        ("443", "https://www.example.com/", 200),
        ("8443", "https://www.example.com:8443/", 200),
        ("8443", "https://www.example.com/", 403),
    ] {
        let request = client.post("/").header("X-CSRFToken", &sent).header("X-Forwarded-Port", port);
        assert_eq!(request.header("Referer", referer).await.status(), status, "{port} {referer}");
    }
}

#[tokio::test]
async fn cookies_of_an_embedded_site_are_partitioned() {
    let lines = "SESSION_COOKIE_SECURE = true\nSESSION_COOKIE_PARTITIONED = true\nSESSION_COOKIE_SAMESITE = \"None\"\n\
                 CSRF_COOKIE_SECURE = true\nCSRF_COOKIE_PARTITIONED = true";
    let fill = |request: &mut Request| -> Result<String> {
        request.session.insert("n", 1)?;
        messages::info(request, "hello")?;
        Ok(request.csrf_token())
    };
    let empty = |request: &mut Request| -> Result<&'static str> {
        request.session.flush();
        messages::take(request)?;
        Ok("empty")
    };
    let routes = || vec![path("fill/", fill), path("empty/", empty), path("", page)];
    let client = Client::new(app(lines, routes())).https(true);
    let filled = client.get("/fill/").await;
    for name in ["sessionid", "csrftoken", "messages"] {
        let cookie = filled.cookie(name).expect(name);
        assert!(cookie.partitioned && cookie.secure, "{name}");
    }
    let emptied = client.get("/empty/").await;
    for name in ["sessionid", "messages"] {
        let cookie = emptied.cookie(name).expect(name);
        assert_eq!((cookie.max_age, cookie.partitioned, cookie.secure), (Some(0), true, true), "{name}");
    }
    let plain = Client::new(app("", routes())).get("/fill/").await;
    assert!(plain.cookies().iter().all(|cookie| !cookie.partitioned) && plain.cookies().len() == 3);
}

#[test]
fn a_partitioned_cookie_must_be_secure() {
    for prefix in ["SESSION", "CSRF"] {
        let line = format!("{prefix}_COOKIE_PARTITIONED = true");
        let error = Settings::from_toml(&settings_text(&line), Path::new(".")).expect_err(&line).to_string();
        let expected = format!("{line}: browsers reject this cookie unless {prefix}_COOKIE_SECURE is true");
        assert!(error.contains(&expected), "{error}");
        let both = format!("{line}\n{prefix}_COOKIE_SECURE = true");
        Settings::from_toml(&settings_text(&both), Path::new(".")).expect("it is secure");
    }
}
