//! The cookies that a real Django made (`tests/vectors/messages_cookie.json`), read and written.

use std::time::SystemTime;

use nuages::{prelude::*, signing::Signer};

use super::{client, query, site};
use crate::support::vectors::Vectors;

/// One of Django's cookies.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    /// Level, text, extra tags, and whether the text is HTML.
    messages: Vec<(i64, String, Option<String>, bool)>,
    cookie: String,
    session: Option<Value>,
    read_back: Vec<(i64, String, Option<String>, bool)>,
}

/// The secret key and the cases.
fn cases() -> (String, Vec<Case>) {
    let vectors = Vectors::read("messages_cookie");
    let cases =
        vectors.rows_of("cases").iter().map(|case| serde_json::from_value(case.clone()).expect("a case"));
    (vectors.text("secret_key").to_owned(), cases.collect())
}

#[tokio::test]
async fn the_messages_of_a_django_site_are_shown() {
    let (key, cases) = cases();
    let site = site(&format!("SECRET_KEY = {key:?}"));
    for case in cases {
        let client = client(&site);
        client.set_cookie("messages", &case.cookie);
        if let Some(messages) = &case.session {
            let mut session = client.session().await.expect("a session");
            session.insert("_messages", messages.to_string()).expect("JSON");
            session.save().await.expect("it is saved");
        }
        let listed: Vec<Value> = client.get("/list/").await.json().expect("JSON");
        let expected: Vec<Value> = case
            .read_back
            .iter()
            .map(|(level, text, tags, safe)| json!([level, text, tags.as_deref().unwrap_or_default(), safe]))
            .collect();
        let fields = ["level", "message", "extra_tags", "is_html"];
        let listed: Vec<Value> = listed
            .iter()
            .map(|message| fields.iter().map(|field| message[*field].clone()).collect())
            .collect();
        assert_eq!(listed, expected, "{}", case.name);
        assert_eq!(client.cookie("messages"), None, "{}", case.name);
        assert_eq!(client.get("/list/").await.text(), "[]", "{}: the session's are gone too", case.name);
    }
}

#[tokio::test]
async fn a_django_site_finds_the_cookie_that_it_would_have_written() {
    let (key, cases) = cases();
    let site = site(&format!("SECRET_KEY = {key:?}"));
    let signer = Signer::new(&format!("django.http.cookies{key}"), &[], "django.contrib.messages");
    for mut case in cases {
        // Django can store that there are no extra tags. Here they are empty, as by default in Django.
        if case.messages.iter().any(|(_, _, tags, _)| tags.is_none()) {
            assert_eq!(case.name, "unicode");
            let mut content: Value = signer.loads(&case.cookie, None, SystemTime::UNIX_EPOCH).expect("JSON");
            content[0].as_array_mut().expect("a message").push("".into());
            let (_, signed_at) = signer.unsign_at(&case.cookie).expect("Django signed it");
            case.cookie = signer.dumps(&content, true, signed_at).expect("JSON");
        }
        let client = client(&site);
        let (_, signed_at) = signer.unsign_at(&case.cookie).expect("Django signed it");
        client.clock().set(signed_at);
        let messages = case.messages.iter();
        let levels: Vec<String> = messages
            .clone()
            .map(|(level, .., safe)| format!("{level}{}", if *safe { "h" } else { "" }))
            .collect();
        let all: Vec<(&str, &str)> = messages
            .zip(&levels)
            .flat_map(|((_, text, tags, _), level)| query(level, text, tags.as_deref().unwrap_or_default()))
            .collect();
        let response = client.get("/add/").query(&all).await;
        let ours = &response.cookie("messages").expect("a cookie").value;
        let content = |cookie: &str| signer.loads::<Value>(cookie, None, signed_at).expect("signed JSON");
        assert_eq!(content(ours), content(&case.cookie), "{}", case.name);
        if !case.cookie.starts_with('.') {
            assert_eq!(*ours, case.cookie, "{}: to the byte, as nothing is compressed", case.name);
        }
        let session = client.session().await.expect("a session");
        let stored = session.get::<String>("_messages").expect("text");
        let stored = stored.map(|text| serde_json::from_str::<Value>(&text).expect("JSON"));
        assert_eq!(stored, case.session, "{}", case.name);
    }
}

#[tokio::test]
async fn cookies_that_were_tampered_with_read_as_empty_and_are_removed() {
    let (key, cases) = cases();
    let site = site(&format!("SECRET_KEY = {key:?}"));
    let signer = Signer::new(&format!("django.http.cookies{key}"), &[], "django.contrib.messages");
    let good = &cases[0].cookie;
    let now = signer.unsign_at(good).expect("Django signed it").1;
    let mut bad = vec![
        String::new(),
        "x".to_owned(),
        "::".to_owned(),
        good[1..].to_owned(),
        format!("{good}A"),
        format!(".{good}"),
        good.replacen("W1s", "W1t", 1),
        Signer::new(&key, &[], "django.contrib.messages").dumps(&["x"], true, now).expect("JSON"),
    ];
    for odd in [json!(5), json!({ "a": 1 }), json!(null), json!([1, [], ["__json_message"], "x"]), json!("x")]
    {
        bad.push(signer.dumps(&odd, true, now).expect("JSON"));
    }
    for cookie in bad {
        let client = client(&site);
        client.set_cookie("messages", &cookie);
        let response = client.get("/").await;
        assert_eq!((response.status().as_u16(), &*response.text()), (200, ""), "{cookie}");
        assert_eq!(client.cookie("messages"), None, "{cookie}");
        client.set_cookie("messages", &cookie);
        client.get("/add/").query(&query("20", "new", "")).await;
        assert_eq!(client.get("/").await.text(), "info: new;", "{cookie}");
    }
}
