//! Cross-site request forgery: what `django/middleware/csrf.py` accepts and refuses.

use http::{Method, StatusCode, header};
use nuages::{App, prelude::*, urls::path, view::csrf_exempt};

use crate::{
    support::asking::{Answer, app, get, post_form, request, send},
    support::vectors::Vectors,
};

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz012345";

fn token(request: &mut Request) -> String {
    request.csrf_token()
}

async fn change(request: &mut Request) -> Result<String> {
    let form: nuages::http::QueryDict = request.form().await?;
    Ok(format!("changed {}", form.get("x").unwrap_or_default()))
}

fn plain(_: &mut Request) -> &'static str {
    "done"
}

fn site(extra: &str) -> App {
    app(
        extra,
        vec![
            path("token/", token),
            path("change/", change),
            path("plain/", plain),
            path("exempt/", csrf_exempt(plain)),
        ],
    )
}

/// POST with headers; the cookie is sent where there is one.
async fn post(app: &App, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = request(Method::POST, target);
    if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(body.to_owned()).expect("a request")).await
}

fn cookie(value: &str) -> String {
    format!("csrftoken={value}")
}

#[tokio::test]
async fn a_form_with_the_token_of_the_cookie_is_accepted() {
    let app = site("");
    let page = get(&app, "/token/").await;
    let secret = page.cookie("csrftoken").expect("the token was asked for, so the cookie is set");
    assert_eq!((secret.len(), page.body.len()), (32, 64));
    assert_eq!(page.header("vary"), "Cookie");
    let set = page.cookies()[0].to_owned();
    assert!(set.contains("; Max-Age=31449600; Path=/; SameSite=Lax") && !set.contains("HttpOnly"), "{set}");
    let form = format!("x=1&csrfmiddlewaretoken={}", page.body);
    let sent = cookie(&secret);
    let accepted = post(&app, "/change/", &[("Cookie", &sent)], &form).await;
    assert_eq!((accepted.status, accepted.body.as_str()), (StatusCode::OK, "changed 1"));
    assert!(accepted.cookies().is_empty(), "nobody asked for a token");
    let again = get(&app, "/plain/").await;
    assert!(again.cookies().is_empty() && again.header("vary").is_empty(), "an unused token leaves no trace");
}

#[tokio::test]
async fn tokens_that_a_real_django_made_are_accepted() {
    let app = site("");
    for row in Vectors::read("csrf_tokens").rows() {
        let (secret, masked) = (row["secret"].as_str().expect("text"), row["masked"].as_str().expect("text"));
        let sent = cookie(secret);
        for token in [masked, secret] {
            let form = format!("csrfmiddlewaretoken={token}");
            assert_eq!(post(&app, "/plain/", &[("Cookie", &sent)], &form).await.status, StatusCode::OK);
            let by_header = [("Cookie", sent.as_str()), ("X-CSRFToken", token)];
            assert_eq!(post(&app, "/plain/", &by_header, "").await.status, StatusCode::OK);
        }
        // A cookie that an old Django masked.
        let old = cookie(masked);
        let form = format!("csrfmiddlewaretoken={secret}");
        assert_eq!(post(&app, "/plain/", &[("Cookie", &old)], &form).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn anything_else_is_refused_and_the_page_says_why() {
    let app = site("DEBUG = true");
    let good = format!("csrfmiddlewaretoken={SECRET}");
    let other = format!("csrfmiddlewaretoken={}", SECRET.to_uppercase());
    let short = "csrfmiddlewaretoken=abc".to_owned();
    let odd = format!("csrfmiddlewaretoken={}%24", &SECRET[1..]);
    for (sent, form, reason) in [
        (None, good.as_str(), "the CSRF cookie is not set"),
        (Some(SECRET), "x=1", "the CSRF token is missing"),
        (Some(SECRET), other.as_str(), "the CSRF token from the form is incorrect"),
        (Some(SECRET), short.as_str(), "the CSRF token from the form has incorrect length"),
        (Some(SECRET), odd.as_str(), "the CSRF token from the form has invalid characters"),
        (Some("abc"), good.as_str(), "the CSRF cookie has incorrect length"),
    ] {
        let sent = sent.map(cookie).unwrap_or_else(|| "x=y".to_owned());
        let answer = post(&app, "/change/", &[("Cookie", &sent)], form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{reason}");
        assert!(answer.body.contains(reason), "{reason}: {}", answer.body);
        assert!(!answer.body.contains(SECRET), "the page shows no secret");
    }
    assert_eq!(post(&app, "/exempt/", &[], "").await.body, "done");
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let request = request(method, "/plain/").header(header::COOKIE, cookie(SECRET)).body("");
        assert_eq!(send(&app, request.expect("a request")).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_request_from_another_origin_is_refused() {
    let app = site("CSRF_TRUSTED_ORIGINS = [\"https://friend.test\", \"https://*.friends.test\"]");
    for (origin, status) in [
        ("http://example.com", 200),
        ("https://example.com", 403),
        ("http://evil.test", 403),
        ("null", 403),
        ("https://friend.test", 200),
        ("http://friend.test", 403),
        ("https://a.friends.test", 200),
        ("https://friends.test", 200),
        ("https://evilfriends.test", 403),
        ("https://friend.test.evil.test", 403),
    ] {
        let (sent, token) = (cookie(SECRET), SECRET);
        let headers = [("Cookie", sent.as_str()), ("X-CSRFToken", token), ("Origin", origin)];
        assert_eq!(post(&app, "/plain/", &headers, "").await.status.as_u16(), status, "{origin}");
    }
}

#[tokio::test]
async fn over_https_the_referer_counts_where_no_origin_is_sent() {
    let app = site(
        "SECURE_PROXY_SSL_HEADER = [\"HTTP_X_FORWARDED_PROTO\", \"https\"]\n\
         CSRF_TRUSTED_ORIGINS = [\"https://friend.test\"]",
    );
    for (referer, status) in [
        (None, 403),
        (Some("https://example.com/form/"), 200),
        (Some("http://example.com/form/"), 403),
        (Some("https://evil.test/"), 403),
        (Some("https://example.com.evil.test/"), 403),
        (Some("https://friend.test/x"), 200),
        (Some("not a URL"), 403),
        (Some("https:///x"), 403),
    ] {
        let sent = cookie(SECRET);
        let mut headers =
            vec![("Cookie", sent.as_str()), ("X-CSRFToken", SECRET), ("X-Forwarded-Proto", "https")];
        headers.extend(referer.map(|referer| ("Referer", referer)));
        assert_eq!(post(&app, "/plain/", &headers, "").await.status.as_u16(), status, "{referer:?}");
    }
}

#[tokio::test]
async fn a_broken_cookie_is_replaced() {
    let app = site("");
    let request = request(Method::GET, "/plain/").header(header::COOKIE, "csrftoken=broken").body("");
    let answer = send(&app, request.expect("a request")).await;
    assert_eq!(answer.cookie("csrftoken").map(|secret| secret.len()), Some(32));
}

#[tokio::test]
async fn a_form_past_the_limits_is_not_searched_for_a_token() {
    let app = site("DATA_UPLOAD_MAX_MEMORY_SIZE = 100");
    let form = format!("x={}", "y".repeat(200));
    let sent = cookie(SECRET);
    let answer = post(&app, "/change/", &[("Cookie", &sent)], &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post_form(&app, "/change/", "x=1").await.status, StatusCode::FORBIDDEN);
}

/// A multipart body: the token in a field, before or after a file.
fn multipart(token: &str, first: bool, file: &str) -> String {
    let token = format!("--b\r\nContent-Disposition: form-data; name=csrfmiddlewaretoken\r\n\r\n{token}\r\n");
    let file = format!("--b\r\nContent-Disposition: form-data; name=x; filename=f\r\n\r\n{file}\r\n");
    if first { format!("{token}{file}--b--\r\n") } else { format!("{file}{token}--b--\r\n") }
}

async fn count(request: &mut Request) -> Result<String> {
    let form = request.form_data().await?;
    Ok(format!("{} bytes", form.uploads("x").iter().map(|file| file.size()).sum::<u64>()))
}

#[tokio::test]
async fn a_multipart_form_is_searched_for_the_token() {
    let app = site("").urls(vec![path("count/", count)]);
    let sent = cookie(SECRET);
    let headers = [("Cookie", sent.as_str()), ("Content-Type", "multipart/form-data; boundary=b")];
    for first in [true, false] {
        let body = multipart(SECRET, first, "content");
        assert_eq!(post(&app, "/count/", &headers, &body).await.body, "7 bytes");
        let wrong = multipart(&SECRET.to_uppercase(), first, "content");
        assert_eq!(post(&app, "/count/", &headers, &wrong).await.status, StatusCode::FORBIDDEN);
    }
    // The token is checked before the rest of the body is read.
    let half = multipart(&SECRET.to_uppercase(), true, "half a file");
    let half = &half[..half.len() - 20];
    assert_eq!(post(&app, "/count/", &headers, half).await.status, StatusCode::FORBIDDEN);
    let none = multipart("", true, "content");
    assert_eq!(post(&app, "/count/", &headers, &none).await.status, StatusCode::FORBIDDEN);
    let with_header = [headers[0], headers[1], ("X-CSRFToken", SECRET)];
    assert_eq!(post(&app, "/count/", &with_header, &none).await.body, "7 bytes");
    assert_eq!(post(&app, "/count/", &headers, "--b").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_large_file_before_the_token_waits_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = format!("FILE_UPLOAD_TEMP_DIR = {:?}\nFILE_UPLOAD_MAX_MEMORY_SIZE = 10", folder.path());
    let app = site(&lines).urls(vec![path("count/", count)]);
    let sent = cookie(SECRET);
    let headers = [("Cookie", sent.as_str()), ("Content-Type", "multipart/form-data; boundary=b")];
    for (token, status) in [(SECRET, 200), ("wrong", 403)] {
        let body = multipart(token, false, &"x".repeat(3_000_000));
        assert_eq!(post(&app, "/count/", &headers, &body).await.status.as_u16(), status);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}

/// Reads the body in another way than as a form, then as a form.
async fn otherwise(request: &mut Request) -> Result<String> {
    let body = request.body().await.map(|bytes| bytes.len()).map_err(|error| error.to_string());
    let stream = http_body_util::BodyExt::collect(request.take_body()).await;
    let stream = stream.map(|_| ()).map_err(|error| error.to_string());
    let form =
        request.form_data().await.map(|form| form.uploads("x").len()).map_err(|error| error.to_string());
    Ok(format!("{body:?} {stream:?} {form:?}"))
}

#[tokio::test]
async fn a_form_that_was_searched_for_the_token_cannot_be_read_as_bytes() {
    let app = site("").urls(vec![path("otherwise/", otherwise)]);
    let sent = cookie(SECRET);
    let headers = [("Cookie", sent.as_str()), ("Content-Type", "multipart/form-data; boundary=b")];
    let body = multipart(SECRET, true, "content");
    let answer = post(&app, "/otherwise/", &headers, &body).await.body;
    assert_eq!(answer.matches("Err(\"the body was already read as a form").count(), 2, "{answer}");
    assert!(answer.ends_with(" Ok(1)"), "the form can still be read: {answer}");
    let with_header = [headers[0], headers[1], ("X-CSRFToken", SECRET)];
    let answer = post(&app, "/otherwise/", &with_header, &body).await.body;
    assert!(answer.starts_with(&format!("Ok({}) Ok(())", body.len())), "{answer}");
}
