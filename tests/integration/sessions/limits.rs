//! Data at the limits of what a session can hold: a save that succeeds can be loaded again, on every engine.

use std::{collections::BTreeMap, path::Path};

use nuages::{
    sessions::{CookieTooLarge, EncodeError, Saved, SessionEngine, ValueError},
    settings::Settings,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};

const DATABASE: &str = "[DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'\n";
const TABLE: &str = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                     session_data text NOT NULL, expire_date datetime NOT NULL)";

fn engine(name: &str, folder: &Path, more: &str) -> SessionEngine {
    let text = format!(
        "SECRET_KEY = 'limits'\nDEBUG = true\nSESSION_ENGINE = '{name}'\nSESSION_FILE_PATH = '.'\n{more}"
    );
    let settings = Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"));
    SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Values of all kinds, some nested to the limit and some beyond it, some larger than `SESSION_MAX_BYTES`.
fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        (0..6000usize).prop_map(|length| Value::from("☃x".repeat(length))),
    ];
    let nested = plain.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,9}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    });
    (nested, prop_oneof![4 => Just(0usize), 1 => 100..150usize]).prop_map(|(value, levels)| {
        (0..levels)
            .fold(value, |value, level| if level % 2 == 0 { json!([value]) } else { json!({"": value}) })
    })
}

/// Saves data, and checks that they load as they were if the save succeeded.
async fn check_round_trip(engine: &SessionEngine, data: &BTreeMap<String, Value>) {
    let mut session = engine.new_session();
    for (key, value) in data {
        session[key.as_str()] = value.clone();
    }
    session.set_modified(true);
    match engine.save(&mut session).await {
        Ok(saved) => assert_eq!(saved, Saved::Stored),
        Err(error) => {
            let known = error.downcast_ref::<EncodeError>().is_some()
                || error.downcast_ref::<CookieTooLarge>().is_some();
            assert!(known, "{:?}", error.chain());
            return;
        }
    }
    let loaded = if engine.name() == "signed_cookies" {
        // The cookie's value is the session; the engine writes the same text again.
        engine.load(engine.encode(&json_object(data)).expect("it was just encoded")).await
    } else {
        engine.load(session.key().expect("a saved session has a key")).await
    };
    let loaded = loaded.expect("loaded");
    let found: Map<String, Value> =
        loaded.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    assert_eq!(found, json_object(data));
}

fn json_object(data: &BTreeMap<String, Value>) -> Map<String, Value> {
    data.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Runs `check_round_trip` on an engine with random data.
fn hold_to_round_trips(engine: &SessionEngine) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let data = prop::collection::btree_map("[a-z]{0,5}", value(), 0..4);
    let checked = TestRunner::new(config).run(&data, |data| {
        runtime.block_on(check_round_trip(engine, &data));
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{}: {error}", engine.name()));
}

const SMALL: &str = "SESSION_MAX_BYTES = 16384\n";

#[test]
fn data_that_are_saved_load_again_on_each_engine_without_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = rusqlite::Connection::open(folder.path().join("db.sqlite3")).expect("a database");
    database.execute_batch(TABLE).expect("the table");
    let settings = format!("{SMALL}{DATABASE}");
    for name in ["cache", "cached_db", "db", "file", "signed_cookies"] {
        hold_to_round_trips(&engine(name, folder.path(), &settings));
    }
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs Redis"]
fn data_that_are_saved_load_again_on_redis() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = crate::support::redis_server::RedisServer::shared();
    let cache = format!(
        "{SMALL}[CACHES.default]\nBACKEND = 'redis'\nLOCATION = '{}'\nKEY_PREFIX = 'limits'\n",
        server.url()
    );
    hold_to_round_trips(&engine("cache", folder.path(), &cache));
}

#[cfg(feature = "postgres")]
#[test]
#[ignore = "needs PostgreSQL"]
fn data_that_are_saved_load_again_on_postgresql() {
    use nuages::migrations::{MigrationTarget, Migrations, Mode};

    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(crate::support::postgres_server::PostgresServer::shared());
    let database = server.address.database("");
    let migrations = Migrations::discover(&server.address.settings("")).expect("migrations");
    runtime.block_on(async {
        let applied = migrations.apply(&database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await;
        applied.expect("migrated");
    });
    let settings = format!("{SMALL}{}", server.address.toml(""));
    hold_to_round_trips(&engine("db", folder.path(), &settings));
}

#[tokio::test]
async fn a_value_that_could_not_be_read_again_is_an_error_that_names_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine("file", folder.path(), "");
    let nested = |levels| (0..levels).fold(json!(1), |value, _| json!([value]));

    let mut session = engine.new_session();
    session["fits"] = nested(126);
    assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
    let mut session = engine.load(session.key().expect("a key")).await.expect("loaded");
    assert_eq!(session["fits"], nested(126));

    session["deep"] = nested(127);
    let error = engine.save(&mut session).await.expect_err("too deep");
    assert_eq!(
        error.to_string(),
        "session[\"deep\"] is nested deeper than 126 levels: it could not be read again"
    );
    let stored = engine.load(session.key().expect("a key")).await.expect("loaded");
    assert!(!stored.contains_key("deep") && stored.contains_key("fits"), "nothing is stored");
}

#[tokio::test]
async fn a_session_larger_than_session_max_bytes_is_not_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let mib = engine("file", folder.path(), "");
    let mut session = mib.new_session();
    session["name"] = json!("John Doe");
    // It would take a few kilobytes when compressed; the limit counts what a load has to hold.
    session["large"] = json!("x".repeat(1024 * 1024));
    let error = mib.save(&mut session).await.expect_err("too large");
    assert_eq!(
        error.to_string(),
        "the session has 1048606 bytes of JSON, SESSION_MAX_BYTES allows 1048576: session[\"large\"] alone has 1048578"
    );
    let roomy = engine("file", folder.path(), "SESSION_MAX_BYTES = 16777216\n");
    assert_eq!(roomy.save(&mut session).await.expect("saved"), Saved::Stored);
    let loaded = mib.load(session.key().expect("a key")).await.expect("loaded");
    assert_eq!(loaded["large"], session["large"], "a larger limit elsewhere does not lose sessions here");
}

#[test]
fn a_number_that_json_lacks_is_an_error() {
    let mut session = nuages::sessions::Session::default();
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = session.insert("x", [("price", number)]).expect_err("no JSON number");
        assert!(matches!(error.downcast_ref(), Some(ValueError::Unstorable { .. })), "{error:?}");
        assert!(error.chain().join(": ").contains(&format!("JSON has no number {number}")), "{error:?}");
        session.get_or_insert("x", number).expect_err("no JSON number");
        session.update("x", move |_: Option<f64>| number).expect_err("no JSON number");
    }
    assert!(!session.contains_key("x"));
}

#[tokio::test]
async fn a_number_of_hundreds_of_digits_that_django_wrote_is_kept() {
    let signer =
        nuages::signing::Signer::new("limits", &[], "django.contrib.sessions.backends.signed_cookies");
    let digits = format!("-{}", "7".repeat(400));
    let json = format!("{{\"huge\":{digits},\"name\":\"John Doe\"}}");
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&json).expect("JSON");
    let cookie = signer.dumps(&raw, true, std::time::SystemTime::now()).expect("signed");

    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine("signed_cookies", folder.path(), "");
    let mut session = engine.load(&cookie).await.expect("a cookie needs no store");
    assert_eq!(session.get::<String>("name").expect("text").as_deref(), Some("John Doe"));
    assert_eq!(session.get::<f64>("huge").expect("a number"), Some(f64::MIN));
    session["n"] = json!(1);
    assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
    let exact = session.get::<Box<serde_json::value::RawValue>>("huge").expect("JSON").expect("there");
    assert_eq!(exact.get(), digits);
}
