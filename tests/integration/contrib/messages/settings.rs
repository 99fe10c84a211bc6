//! `MESSAGE_STORAGE`, `MESSAGE_LEVEL` and `MESSAGE_TAGS`.

use std::path::Path;

use nuages::settings::Settings;

use super::{client, query, random_text, site};
use crate::support::site::settings_text;

#[tokio::test]
async fn the_level_decides_which_messages_are_kept() {
    for (line, shown) in [
        ("", "info: b;warning: c;"),
        ("MESSAGE_LEVEL = \"debug\"", "debug: a;info: b;warning: c;"),
        ("MESSAGE_LEVEL = 30", "warning: c;"),
        ("MESSAGE_LEVEL = \"error\"", ""),
    ] {
        let site = site(line);
        let client = client(&site);
        for (level, text) in [("10", "a"), ("20", "b"), ("30", "c"), ("40", "")] {
            client.get("/add/").query(&query(level, text, "")).await;
        }
        assert_eq!(client.get("/").await.text(), shown, "{line}");
    }
}

#[tokio::test]
async fn tags_follow_the_levels() {
    let site = site("MESSAGE_TAGS = { error = \"danger\", 50 = \"critical\", 20 = \"\" }");
    let client = client(&site);
    for (level, tags) in [("20", ""), ("20", "x"), ("25", ""), ("40", "y"), ("50", ""), ("60", "")] {
        client.get("/add/").query(&query(level, "m", tags)).await;
    }
    assert_eq!(client.get("/").await.text(), ": m;x: m;success: m;y danger: m;critical: m;: m;");
}

#[tokio::test]
async fn the_storage_is_the_cookie_the_session_or_both() {
    for (name, in_cookie) in [
        ("session", false),
        ("django.contrib.messages.storage.session.SessionStorage", false),
        ("cookie", true),
        ("django.contrib.messages.storage.cookie.CookieStorage", true),
        ("django.contrib.messages.storage.fallback.FallbackStorage", true),
    ] {
        let site = site(&format!("MESSAGE_STORAGE = \"{name}\""));
        let client = client(&site);
        client.get("/add/").query(&query("20", "one", "")).await;
        client.get("/add/").query(&query("20", "two", "")).await;
        let session = client.session().await.expect("a session");
        let stored = session.get::<String>("_messages").expect("text");
        assert_eq!((client.cookie("messages").is_some(), stored.is_none()), (in_cookie, in_cookie), "{name}");
        assert_eq!(client.get("/").await.text(), "info: one;info: two;", "{name}");
        assert_eq!(client.get("/").await.text(), "", "{name}");
        let session = client.session().await.expect("a session");
        assert_eq!((client.cookie("messages"), session.contains_key("_messages")), (None, false), "{name}");
    }
}

#[tokio::test]
async fn the_cookie_alone_drops_the_oldest_messages() {
    let site = site("MESSAGE_STORAGE = \"cookie\"");
    let client = client(&site);
    let texts: Vec<String> = (0..6).map(random_text).collect();
    for text in &texts {
        client.get("/add/").query(&query("20", text, "")).await;
    }
    assert!(client.cookie("messages").expect("a cookie").len() <= 2048);
    let shown = client.get("/").await.text().into_owned();
    assert!(
        shown.ends_with(&format!("info: {};info: {};", texts[4], texts[5])) && !shown.contains(&texts[0])
    );
}

#[tokio::test]
async fn the_cookie_has_the_attributes_of_the_session_cookie() {
    let site = site(
        "SESSION_COOKIE_DOMAIN = \"example.com\"\nSESSION_COOKIE_SECURE = true\nSESSION_COOKIE_HTTPONLY = false\n\
         SESSION_COOKIE_SAMESITE = \"None\"",
    );
    let client = client(&site).https(true);
    let added = client.get("/add/").query(&query("20", "one", "")).await;
    let cookie = added.cookie("messages").expect("a cookie");
    assert_eq!((cookie.domain.as_deref(), cookie.samesite.as_deref()), (Some("example.com"), Some("None")));
    assert_eq!((cookie.secure, cookie.httponly), (true, false));
    let gone = client.get("/").await;
    let cookie = gone.cookie("messages").expect("a deletion");
    assert_eq!((cookie.domain.as_deref(), cookie.secure), (Some("example.com"), true));
}

#[test]
fn mistakes_name_the_setting_its_value_and_the_choices() {
    for (line, message) in [
        (
            "MESSAGE_STORAGE = \"redis\"",
            "MESSAGE_STORAGE = \"redis\": expected one of \"fallback\", \"cookie\", \"session\"",
        ),
        (
            "MESSAGE_LEVEL = \"loud\"",
            "MESSAGE_LEVEL = \"loud\": expected a whole number, or one of \"debug\", \"info\"",
        ),
        ("MESSAGE_LEVEL = -1", "MESSAGE_LEVEL = -1: expected a whole number"),
        (
            "MESSAGE_TAGS = { fatal = \"x\" }",
            "MESSAGE_TAGS = { fatal = \"x\" }: expected a table of texts by number",
        ),
        ("MESSAGE_TAGS = { error = 5 }", "MESSAGE_TAGS = { error = 5 }: expected a table of texts by number"),
        ("MESSAGE_TAGS = \"danger\"", "MESSAGE_TAGS = \"danger\": expected a table of texts by number"),
    ] {
        let errors = Settings::from_toml(&settings_text(line), Path::new(".")).expect_err(line).to_string();
        assert!(errors.contains(message), "{errors}");
    }
}

#[test]
fn the_environment_sets_them_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, settings_text("MESSAGE_TAGS = { info = \"note\" }")).expect("a file");
    let variables = [
        ("NUAGES_MESSAGE_LEVEL", "warning"),
        ("NUAGES_MESSAGE_TAGS__error", "danger"),
        ("NUAGES_MESSAGE_STORAGE", "session"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let messages = Settings::load_with(&file, variables).expect("settings").messages;
    assert_eq!((messages.level, &*messages.tags[&20], &*messages.tags[&40]), (30, "note", "danger"));
    let whole = [("NUAGES_MESSAGE_TAGS".to_owned(), "{ 50 = \"critical\" }".to_owned())];
    let tags = Settings::load_with(&file, whole).expect("settings").messages.tags;
    assert_eq!((&*tags[&50], &*tags[&20]), ("critical", "info"));
}
