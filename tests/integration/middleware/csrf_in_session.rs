//! `CSRF_USE_SESSIONS`: the secret is in the session, under Django's key, and no cookie holds it.

use nuages::{App, middleware::BuiltIn, prelude::*, testing::Client, urls::path};

use crate::support::site::{Site, settings_text};

fn token(request: &mut Request) -> String {
    request.csrf_token()
}

fn plain(_: &mut Request) -> &'static str {
    "plain"
}

fn leave(request: &mut Request) -> &'static str {
    request.session.flush();
    "gone"
}

fn site(lines: &str) -> (Site, App) {
    let lines = format!(
        "ALLOWED_HOSTS = [\"example.com\"]\nSESSION_ENGINE = \"file\"\nCSRF_USE_SESSIONS = true\n{lines}"
    );
    let site = Site::new(&lines);
    let app = site.app(vec![path("token/", token), path("plain/", plain), path("leave/", leave)]);
    (site, app)
}

fn strict(app: &App) -> Client {
    Client::new(app.clone()).enforce_csrf_checks(true)
}

#[tokio::test]
async fn the_token_of_the_session_is_accepted() {
    let (_site, app) = site("");
    let client = strict(&app);
    let form = client.get("/token/").await;
    assert!(form.cookie("csrftoken").is_none() && form.cookie("sessionid").is_some());
    assert_eq!((form.header("vary"), form.header("cache-control")), (Some("Cookie"), Some("private")));
    let token = form.text().into_owned();
    assert_eq!(client.post("/plain/").form(&[("csrfmiddlewaretoken", &token)]).await.status(), 200);
    assert_eq!(client.post("/plain/").header("X-CSRFToken", &token).await.status(), 200);
    // The key and the value are Django's: 32 characters, unmasked.
    let session = client.session().await.expect("a session");
    let secret = session.get::<String>("_csrftoken").expect("text").expect("a secret");
    assert_eq!(secret.len(), 32);
    assert_eq!(client.post("/plain/").header("X-CSRFToken", &secret).await.status(), 200);
    // A second form of the same session has the same secret, and changes nothing.
    let again = client.get("/token/").await;
    assert!(again.cookies().is_empty(), "the session is not saved again");
    assert_eq!(client.post("/plain/").header("X-CSRFToken", &*again.text()).await.status(), 200);
}

#[tokio::test]
async fn the_token_of_another_session_or_of_a_cookie_is_refused() {
    let (_site, app) = site("DEBUG = true");
    let (client, other) = (strict(&app), strict(&app));
    let token = client.get("/token/").await.text().into_owned();
    let refused = other.post("/plain/").header("X-CSRFToken", &token).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().contains("the CSRF secret of the session is not set"), "{}", refused.text());
    other.get("/token/").await;
    assert_eq!(other.post("/plain/").header("X-CSRFToken", &token).await.status(), 403);
    other.set_cookie("csrftoken", &token);
    assert_eq!(other.post("/plain/").header("X-CSRFToken", &token).await.status(), 403, "no cookie counts");
    client.get("/leave/").await;
    assert_eq!(
        client.post("/plain/").header("X-CSRFToken", &token).await.status(),
        403,
        "the session is gone"
    );
}

#[tokio::test]
async fn a_page_without_a_form_leaves_the_session_alone() {
    let (_site, app) = site("");
    let client = strict(&app);
    client.get("/token/").await;
    let plain = client.get("/plain/").await;
    assert_eq!((plain.header("vary"), plain.cookies().len()), (None, 0));
    assert_eq!(strict(&app).get("/plain/").await.cookies().len(), 0);
}

#[tokio::test]
async fn a_damaged_secret_is_replaced() {
    let (_site, app) = site("DEBUG = true");
    for damaged in [json!("short"), json!(7), json!(null), json!("ä".repeat(32))] {
        let client = strict(&app);
        let mut session = client.session().await.expect("a session");
        session.insert("_csrftoken", &damaged).expect("JSON");
        session.save().await.expect("it is saved");
        let refused = client.post("/plain/").header("X-CSRFToken", "a".repeat(32)).await;
        assert_eq!(refused.status(), 403, "{damaged}");
        assert!(
            refused.text().contains("the CSRF secret of the session has"),
            "{damaged}: {}",
            refused.text()
        );
        let token = client.get("/token/").await.text().into_owned();
        assert_eq!(client.post("/plain/").header("X-CSRFToken", &token).await.status(), 200, "{damaged}");
    }
}

#[tokio::test]
async fn over_https_the_session_cookies_domain_may_refer() {
    let (_site, app) = site("SESSION_COOKIE_DOMAIN = \".example.com\"\nCSRF_COOKIE_DOMAIN = \".evil.test\"");
    let client = strict(&app).https(true);
    let token = client.get("/token/").await.text().into_owned();
    for (referer, status) in [("https://www.example.com/x", 200), ("https://www.evil.test/", 403)] {
        let response = client.post("/plain/").header("X-CSRFToken", &token).header("Referer", referer).await;
        assert_eq!(response.status(), status, "{referer}");
    }
}

#[test]
fn it_needs_the_sessions_and_no_secure_cookie() {
    let (_site, app) = site("");
    let bare = app.without(BuiltIn::Sessions).without(BuiltIn::Authentication);
    let error = bare.check().expect_err("no session").to_string();
    assert!(error.contains("CSRF_USE_SESSIONS = true: the sessions are left out"), "{error}");
    bare.without(BuiltIn::Csrf).check().expect("nothing needs the sessions");
    for (line, reported) in [("CSRF_USE_SESSIONS = true", false), ("", true)] {
        let settings =
            nuages::settings::Settings::from_toml(&settings_text(line), ".".as_ref()).expect("settings");
        let found = settings.deployment_checks().iter().any(|check| check.id == "security.W016");
        assert_eq!(found, reported, "{line}");
    }
}
