//! Sessions in storage that Nuages does not know: `cargo run -p nuages --example custom_store [ADDRESS]`.
//!
//! `MemoryStore` keeps the sessions in a map. A store for a server works the same way, with requests to the
//! server in its methods. `framework/tests/custom_store.rs` runs the suite that every store must pass.

use std::{collections::BTreeMap, env, error::Error, ops::Bound, sync::Mutex, time::SystemTime};

use nuages::{
    App,
    prelude::*,
    server::{Listener, serve, signals},
    sessions::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
    settings::Settings,
    urls::path,
};

const SETTINGS: &str = r#"SECRET_KEY = "only for this example: 5b7d9f1a3c5e7092b4d6f8a1c3e50718"
DEBUG = true
SESSION_ENGINE = "memory""#;

type Records = BTreeMap<String, Record>;

#[derive(Default)]
pub(crate) struct MemoryStore(Mutex<Records>);

impl MemoryStore {
    /// Runs `work` while no other request sees the records. `action` stands in the error message.
    fn with<T>(&self, action: &'static str, work: impl FnOnce(&mut Records) -> T) -> StoreResult<T> {
        let mut records = self.0.lock().map_err(|_| StoreError::new(action, "another request panicked"))?;
        Ok(work(&mut records))
    }
}

impl SessionStore for MemoryStore {
    fn promises(&self) -> Promises {
        Promises::none().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, now: SystemTime) -> StoreResult<Option<Record>> {
        self.with("load", |records| records.get(key).filter(|record| record.is_live(now)).cloned())
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        self.with("save", |records| {
            let free = !records.contains_key(key);
            records.entry(key.to_owned()).or_insert_with(|| new.clone());
            free
        })
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        self.rename(key, expected, key, new).await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        self.with("save", |records| match records.get(key) {
            None => Swap::Gone,
            Some(present) if present.data != expected.data => Swap::Changed,
            Some(_) => {
                records.remove(key);
                records.insert(new_key.to_owned(), new.clone());
                Swap::Done
            }
        })
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        self.with("delete", |records| records.remove(key).is_some())
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.with("load", |records| records.contains_key(key))
    }

    async fn clear(&self, before: Option<SystemTime>, _: Option<&str>, _: usize) -> StoreResult<Cleared> {
        self.with("clear", |records| {
            // One batch is enough for a map in memory, whatever the `limit` is.
            let count = records.len();
            records.retain(|_, record| before.is_some_and(|before| record.is_live(before)));
            Cleared::new((count - records.len()) as u64, None)
        })
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        self.with("count", |records| before.is_none().then_some(records.len() as u64))
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let after = from.map_or(Bound::Unbounded, Bound::Excluded);
        self.with("list", |records| {
            let page = records.range::<str, _>((after, Bound::Unbounded)).take(limit);
            let page: Vec<_> = page.map(|(key, record)| Listed::new(key, record.clone())).collect();
            let next = page.last().filter(|_| page.len() == limit).map(|last| last.key.clone());
            (page, next)
        })
    }
}

async fn index(request: &mut Request) -> Result<Response> {
    request.session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    Ok(Response::text(format!("visits: {}", request.session["visits"])))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_toml(SETTINGS, env!("CARGO_MANIFEST_DIR").as_ref())?;
    let app = App::new(settings.clone()).urls(vec![path("", index)]);
    let app = app.session_engine("memory", |_| Ok(MemoryStore::default()));
    app.check()?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = Listener::bind(&address).await?;
    eprintln!("http://{}/", listener.local_addr());
    let mut signals = signals()?;
    serve(listener, app, &settings.server, async {
        signals.next().await;
    })
    .await;
    Ok(())
}
