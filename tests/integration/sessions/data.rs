//! Session data against what a real Django wrote, and what it never wrote.

use std::time::{Duration, UNIX_EPOCH};

use nuages::{Clock, sessions::SessionEngine};
use serde_json::{Map, Value, json};

use crate::support::{site::settings_in, vectors::Vectors};

fn engine(name: &str, secret: &str, more: &str) -> (SessionEngine, Clock) {
    let secret = toml_text(secret);
    let lines = format!("SECRET_KEY = {secret}\nSESSION_ENGINE = '{name}'\n{more}");
    let settings = settings_in(env!("CARGO_MANIFEST_DIR").as_ref(), &lines);
    let clock = Clock::system();
    let engine = SessionEngine::from_settings_with_clock(&settings, clock.clone());
    (engine.unwrap_or_else(|errors| panic!("{errors}")), clock)
}

/// A TOML string: JSON's quoting is TOML's.
fn toml_text(text: &str) -> String {
    serde_json::to_string(text).expect("text")
}

fn parse(row: &Value) -> Map<String, Value> {
    serde_json::from_str(row["data_json"].as_str().expect("text")).expect("JSON")
}

/// Checks what `encode` writes against Django's text: the same where neither is compressed; else it reads back
/// the same, and is compressed where Django's is and the JSON has at least `compress_from` bytes.
fn check_rows(engine: &SessionEngine, clock: &Clock, vectors: &Vectors, field: &str, compress_from: usize) {
    for row in vectors.rows() {
        let name = row["name"].as_str().expect("a name");
        let theirs = row[field].as_str().expect("text");
        let data = parse(row);
        let read = engine.decode(theirs).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, data, "{name}");
        assert!(read.keys().eq(data.keys()), "{name}: the order of the keys");

        clock.set(UNIX_EPOCH + Duration::from_secs(row["timestamp"].as_u64().expect("a timestamp")));
        let ours = engine.encode(&data).expect("encoded");
        assert_eq!(engine.decode(&ours).expect("our own text"), data, "{name}");
        if name == "big_int" {
            // Through a plain Value a huge integer is a float; sessions keep its text (a test below).
            continue;
        }
        if theirs.starts_with('.') {
            let json = serde_json::to_string(&data).expect("JSON").len();
            assert_eq!(ours.starts_with('.'), json >= compress_from, "{name}: {json} bytes of JSON");
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

#[test]
fn every_row_that_django_wrote_is_read_and_written_alike() {
    let vectors = Vectors::read("session_data");
    let (engine, clock) = engine("file", vectors.text("secret_key"), "");
    check_rows(&engine, &clock, &vectors, "encoded", 512);
}

#[test]
fn every_signed_cookie_that_django_wrote_is_read_and_written_alike() {
    let vectors = Vectors::read("signed_cookies");
    let (engine, clock) = engine("signed_cookies", vectors.text("secret_key"), "");
    check_rows(&engine, &clock, &vectors, "cookie", 0);
}

#[tokio::test]
async fn an_integer_beyond_64_bits_survives_a_change_beside_it() {
    let vectors = Vectors::read("session_data");
    let row = vectors.rows().iter().find(|row| row["name"] == "big_int").expect("the row");
    let big = row["data_json"].as_str().expect("text").trim_start_matches("{\"big\": ").trim_end_matches('}');
    // The same data as a cookie of the signed_cookies engine: a whole round trip without a store.
    let signer = nuages::signing::Signer::new("s", &[], "django.contrib.sessions.backends.signed_cookies");
    let raw: Box<serde_json::value::RawValue> =
        serde_json::from_str(&format!("{{\"big\":{big}}}")).expect("JSON");
    let cookie = signer.dumps(&raw, true, std::time::SystemTime::now()).expect("signed");

    let (engine, _) = engine("signed_cookies", "s", "");
    let mut session = engine.load(&cookie).await.expect("a cookie needs no store");
    assert_eq!(session.get::<u128>("big").expect("fits").expect("there").to_string(), big);
    session["n"] = json!(1);
    assert_eq!(engine.save(&mut session).await.expect("saved"), nuages::sessions::Saved::Stored);
    assert_eq!(session.get::<u128>("big").expect("fits").expect("there").to_string(), big);
}

#[test]
fn every_bad_row_is_refused_and_none_crashes() {
    let vectors = Vectors::read("session_data_bad");
    let (engine, _) = engine("file", vectors.text("secret_key"), "");
    for row in vectors.rows() {
        let text = row["encoded"].as_str().expect("text");
        assert!(engine.decode(text).is_err(), "{} decodes", row["name"]);
    }
}

#[test]
fn a_byte_changed_anywhere_is_never_accepted() {
    let (engine, _) = engine("file", "secret", "");
    let data = json!({"name": "John Doe", "long": "lorem ipsum ".repeat(20)});
    let text = engine.encode(data.as_object().expect("an object")).expect("encoded");
    for index in 0..text.len() {
        for change in [1u8, 2, 32, 128] {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= change;
            let changed = String::from_utf8_lossy(&bytes);
            assert!(engine.decode(&changed).is_err(), "byte {index} changed by {change} is accepted");
        }
    }
}

#[test]
fn sessions_signed_with_a_fallback_secret_are_read_and_signed_anew() {
    let vectors = Vectors::read("secret_rotation");
    let (old, new) = (vectors.text("old_secret_key"), vectors.text("secret_key"));
    let data = json!({"k": 1});
    let data = data.as_object().expect("an object");
    let text = engine("file", old, "").0.encode(data).expect("encoded");
    assert!(engine("file", new, "").0.decode(&text).is_err());
    let fallbacks = format!("SECRET_KEY_FALLBACKS = [{}]\n", toml_text(old));
    let (rotating, _) = engine("file", new, &fallbacks);
    assert_eq!(rotating.decode(&text).expect("a fallback verifies"), *data);
    assert!(
        engine("file", old, "").0.decode(&rotating.encode(data).expect("encoded")).is_err(),
        "a fallback has signed"
    );
}

#[test]
fn what_json_cannot_say_is_not_believed() {
    // Python writes these; no JSON parser may read them, and no session is made up of what is left.
    let (engine, _) = engine("file", "s", "");
    for json in ["{\"n\":NaN}", "{\"n\":Infinity}", "{\"s\":\"\\ud800\"}"] {
        // The signing API takes JSON values only; a bare signature over the text makes what Python would.
        let signer = nuages::signing::Signer::new("s", &[], "django.contrib.sessions.SessionStore");
        let payload = base64_url(json.as_bytes());
        let text = signer.sign_at(&payload, std::time::SystemTime::now());
        let error = engine.decode(&text).expect_err(json);
        assert!(error.to_string().contains("JSON object that can be represented"), "{error}");
    }
}

/// URL-safe base64 without padding.
fn base64_url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(LETTERS[(word >> (18 - 6 * index) & 63) as usize]));
        }
    }
    text
}
