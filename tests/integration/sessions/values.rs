//! Values that are not what the view expects: indexing into them, reading them as another type, and damaged
//! expiries.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use nuages::{
    App,
    http::Request,
    sessions::{Expiry, Saved, Session, SessionEngine, ValueError},
    settings::Settings,
    testing::Client,
    urls::path,
};
use serde_json::{Value, json};

use crate::support::site::Site;

fn engine(folder: &Path) -> SessionEngine {
    let text = "SECRET_KEY = 'values'\nDEBUG = true\nSESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'\n";
    let settings = Settings::from_toml(text, folder).unwrap_or_else(|errors| panic!("{errors}"));
    SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_path_of_keys_reads_and_changes_whatever_is_stored() {
    let stored = [json!(5), json!("text"), json!([1, 2]), json!(true), Value::Null, json!({"kept": 1})];
    for value in stored {
        let mut session = Session::default();
        session["n"] = value.clone();
        assert_eq!(session[["n", "deep", "er"]], Value::Null, "{value}");
        session[["n", "deep", "er"]] = json!(1);
        assert_eq!(session[["n", "deep", "er"]], 1, "{value}");
        assert_eq!(session["n"]["kept"].is_null(), !value.is_object(), "{value}");
        assert!(session[["absent", "deep"]].is_null() && !session.contains_key("absent"), "{value}");
    }
}

#[tokio::test]
async fn changes_at_two_paths_of_one_value_both_survive() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path());
    let mut first = engine.new_session();
    first["cart"] = json!({"kept": 0});
    assert_eq!(engine.save(&mut first).await.expect("saved"), Saved::Stored);
    let key = first.key().expect("a key").clone();
    let mut second = engine.load(&key).await.expect("loaded");
    first[["cart", "apples"]] = json!(1);
    second[["cart", "pears"]] = json!(2);
    for session in [&mut first, &mut second] {
        assert_eq!(engine.save(session).await.expect("saved"), Saved::Stored);
    }
    let found = engine.load(&key).await.expect("loaded");
    assert_eq!(found["cart"], json!({"kept": 0, "apples": 1, "pears": 2}));
}

#[derive(Debug, serde::Deserialize)]
#[allow(dead_code, reason = "only its shape counts")]
struct Cart {
    items: Vec<Item>,
}

#[derive(Debug, serde::Deserialize)]
#[allow(dead_code, reason = "only its shape counts")]
struct Item {
    price: u32,
}

#[test]
fn a_value_of_an_older_struct_is_an_error_that_names_what_does_not_fit() {
    let mut session = Session::default();
    session["cart"] = json!({"items": [{"price": 1}, {"price": "2.50"}]});
    let error = session.get::<Cart>("cart").expect_err("a price is text");
    let message = error.to_string();
    assert!(
        message.starts_with("session[\"cart\"] holds an object, not ")
            && message.ends_with("Cart: items[1].price does not fit"),
        "{message}"
    );
    let Some(ValueError::Type { path, .. }) = error.downcast_ref() else { panic!("{error:?}") };
    assert_eq!(path, "items[1].price");
    session["cart"] = json!(3);
    let message = session.get::<Cart>("cart").expect_err("a number").to_string();
    assert!(message.ends_with("Cart") && message.contains("holds a number"), "{message}");
}

#[tokio::test]
async fn an_expiry_outside_the_calendar_is_saved_and_loaded_without_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path());
    let far_past = SystemTime::UNIX_EPOCH - Duration::from_secs(1 << 55);
    let far_future = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 55);
    for (moment, lives) in [(far_past, false), (far_future, true)] {
        let mut session = engine.new_session();
        session["n"] = json!(1);
        session.set_expiry(Expiry::At(moment));
        assert_eq!(session.expiry_age() == Duration::ZERO, !lives);
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key");
        assert_eq!(engine.load(key).await.expect("loaded").contains_key("n"), lives);
    }
    for damaged in [json!("9999-12-31T23:59:59-23:00"), json!("tomorrow"), json!({"a": 1}), json!(1e300)] {
        let mut session = engine.new_session();
        session["n"] = json!(1);
        session["_session_expiry"] = damaged.clone();
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let loaded = engine.load(session.key().expect("a key")).await.expect("loaded");
        assert!(loaded.contains_key("n") && loaded.expiry_age() > Duration::ZERO, "{damaged}");
    }
}

fn nested(request: &mut Request) -> &'static str {
    request.session["n"]["deep"] = json!(1);
    "set"
}

#[tokio::test]
async fn an_index_into_a_stored_number_is_an_error_that_names_both_keys() {
    let site = Site::new("SESSION_ENGINE = \"cache\"");
    let client = Client::new(App::new(site.settings().clone()).urls(vec![path("", nested)]));
    assert_eq!(client.get("/").await.text(), "set", "a missing value becomes an object");
    for (stored, kind) in [(json!(5), "a number"), (json!("five"), "a string"), (json!([5]), "an array")] {
        let mut session = client.session().await.expect("a session");
        session["n"] = stored.clone();
        session.save().await.expect("saved");
        let response = client.get("/").await;
        assert_eq!(response.status(), 500);
        let text = response.text();
        let expected = format!("session[\"n\"][\"deep\"] cannot be set, because session[\"n\"] is {kind}; ");
        let expected = expected.replace('"', "&quot;");
        assert!(
            text.contains(&expected) && text.contains("session[[&quot;n&quot;, &quot;deep&quot;]]"),
            "{text}"
        );
        assert_eq!(client.session().await.expect("a session")["n"], stored, "the session keeps its value");
    }
}
