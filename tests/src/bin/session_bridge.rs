//! Sessions and their engines for a program in another language: one JSON object a line, in and out.
//!
//! `tests/interop/django_suite/` starts it, and lets Django's own session tests use it as their backend. A
//! request names an operation (`do`), the settings under which it runs, and the session (`id`) that an
//! earlier answer gave. An answer holds the result and the session's state, or an error and its kind.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead as _, Write as _},
    time::{Duration, SystemTime},
};

use nuages::{
    Clock, Error, Result, Value,
    cache::Caches,
    json,
    sessions::{Expiry, Saved, Session, SessionEngine, SessionKey},
    settings::Settings,
};
use serde_json::Map;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut bridge = Bridge::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match bridge.answer(&serde_json::from_str(&line?)?).await {
            Ok(answer) => answer,
            Err(Refused { kind, text }) => json!({ "error": kind, "text": text }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// An operation that failed, under the name by which the other side knows the failure.
struct Refused {
    kind: &'static str,
    text: String,
}

impl Refused {
    fn new(kind: &'static str, error: impl std::fmt::Display) -> Self {
        Self { kind, text: error.to_string() }
    }
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::new("failed", error.into())
    }
}

type Answer<T = Value> = std::result::Result<T, Refused>;

#[derive(Default)]
struct Bridge {
    clock: Clock,
    /// One for each text of settings.
    engines: BTreeMap<String, SessionEngine>,
    /// Shared by all engines whose `CACHES` are the same, as one process shares them.
    caches: BTreeMap<String, Caches>,
    sessions: HashMap<u64, Open>,
    last_id: u64,
}

/// A session in use, and the settings under which it was loaded.
struct Open {
    session: Session,
    settings: String,
}

impl Bridge {
    async fn answer(&mut self, request: &Value) -> Answer {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (operation, settings, key) = (text("do"), text("settings"), text("key"));
        let engine = self.engine(settings)?;
        match operation {
            "open" => Ok(json!({ "ok": engine.name() })),
            "valid_key" => Ok(json!({ "ok": SessionKey::parse(key).map(|key| key.as_str().to_owned()) })),
            "exists" => Ok(json!({ "ok": engine.exists(key).await? })),
            "delete" => Ok(json!({ "ok": engine.delete(key).await? })),
            "clear_expired" => Ok(json!({ "ok": engine.clear_expired().await? })),
            "encode" => Ok(json!({ "ok": encode(&engine, object(&request["value"]))? })),
            "decode" => {
                let data =
                    engine.decode(text("value")).map_err(|error| Refused::new("undecodable", error))?;
                Ok(json!({ "ok": data }))
            }
            "load" => {
                let session = if key.is_empty() { engine.new_session() } else { engine.load(key).await? };
                self.last_id += 1;
                self.sessions.insert(self.last_id, Open { session, settings: settings.to_owned() });
                Ok(
                    json!({ "ok": self.last_id, "state": state(&engine, &self.sessions[&self.last_id].session) }),
                )
            }
            "drop" => Ok(json!({ "ok": self.sessions.remove(&id(request)?).is_some() })),
            _ => {
                let mut open =
                    self.sessions.remove(&id(request)?).ok_or_else(|| Error::new("no such session"))?;
                if open.settings != settings {
                    let old = self.engine(&open.settings)?;
                    open.session = moved(&old, &engine, open.session).await?;
                    settings.clone_into(&mut open.settings);
                }
                let done = self.on_session(&engine, &mut open.session, operation, request).await;
                let state = state(&engine, &open.session);
                self.sessions.insert(id(request)?, open);
                Ok(json!({ "ok": done?, "state": state }))
            }
        }
    }

    async fn on_session(
        &self,
        engine: &SessionEngine,
        session: &mut Session,
        operation: &str,
        request: &Value,
    ) -> Answer {
        let key = request["key"].as_str().unwrap_or_default();
        let value = &request["value"];
        Ok(match operation {
            "state" => Value::Null,
            "get" => json!(session.get::<Value>(key)?),
            "contains" => json!(session.contains_key(key)),
            "set" => json!(session.insert(key, value)?),
            "set_default" => session.get_or_insert(key, value)?.clone(),
            "remove" => json!(session.remove::<Value>(key)?),
            "extend" => json!(session.extend(object(value).clone())),
            "clear" => json!(session.clear()),
            "items" => session.iter().map(|(key, value)| json!([key, value])).collect(),
            "keys" => session.keys().collect(),
            "values" => session.values().cloned().collect(),
            "is_empty" => json!(session.is_empty()),
            "set_modified" => json!(session.set_modified(value.as_bool().unwrap_or_default())),
            "set_expiry" => json!(session.set_expiry(expiry(value, self.clock.now()))),
            "expires_at_browser_close" => json!(session.expires_at_browser_close()),
            "expiry_age" => match request["moment"].as_i64() {
                Some(moment) => json!((micros(self.ends(session, moment)) - moment) / 1_000_000),
                None => json!(session.expiry_age().as_secs()),
            },
            "expiry_date" => match request["moment"].as_i64() {
                Some(moment) => json!(micros(self.ends(session, moment))),
                None => json!(micros(session.expiry_date())),
            },
            // At once, as Django's do; in a Nuages project the middleware does it after the view.
            "flush" => {
                session.flush();
                json!(engine.delete_discarded(session).await?)
            }
            "cycle_key" => {
                session.cycle_key();
                save(engine, session).await?
            }
            "save" => save(engine, session).await?,
            // What the next request of the same visitor finds.
            "next_request" => {
                // Django's tests unset the flag before they ask for the next request.
                session.set_modified(true);
                *session = moved(engine, engine, std::mem::take(session)).await?;
                Value::Null
            }
            other => return Err(Refused::new("failed", format!("no operation {other:?}"))),
        })
    }

    fn engine(&mut self, text: &str) -> Answer<SessionEngine> {
        if let Some(engine) = self.engines.get(text) {
            return Ok(engine.clone());
        }
        let wrong = |errors| Refused::new("settings", errors);
        let settings = Settings::from_toml(text, "/".as_ref()).map_err(wrong)?;
        let configured = text.split_once("[CACHES").map_or("", |(_, caches)| caches);
        if !self.caches.contains_key(configured) {
            let opened = Caches::open(&settings, self.clock.clone()).map_err(wrong)?;
            self.caches.insert(configured.to_owned(), opened);
        }
        let caches = &self.caches[configured];
        let engine = SessionEngine::from_settings_with_caches(&settings, self.clock.clone(), caches);
        let engine = engine.map_err(wrong)?;
        self.engines.insert(text.to_owned(), engine.clone());
        Ok(engine)
    }

    /// When the session ends if it is saved at this moment. The clock runs and moves by milliseconds, so that
    /// it cannot stand at the moment itself: either the end stays while the clock moves, or it is an age.
    fn ends(&self, session: &Session, moment: i64) -> SystemTime {
        const HOUR: Duration = Duration::from_secs(3600);
        let end = session.expiry_date();
        self.clock.advance(HOUR);
        let later = session.expiry_date();
        self.clock.rewind(HOUR);
        if end == later { end } else { from_micros(moment) + session.expiry_age() }
    }
}

async fn save(engine: &SessionEngine, session: &mut Session) -> Answer {
    match engine.save(session).await? {
        Saved::Stored => Ok(Value::Null),
        other => Err(Refused::new("interrupted", format!("{other:?}"))),
    }
}

/// The session as the next request finds it, perhaps in a process with other settings.
async fn moved(old: &SessionEngine, new: &SessionEngine, mut session: Session) -> Answer<Session> {
    if !session.is_modified() && session.is_empty() {
        return Ok(new.new_session());
    }
    if session.is_modified() {
        save(old, &mut session).await?;
    }
    Ok(new.load(cookie(old, &session)?.unwrap_or_default()).await?)
}

/// The value of the session's cookie.
fn cookie(engine: &SessionEngine, session: &Session) -> Result<Option<String>> {
    if engine.name() == "signed_cookies" {
        let data: Map<String, Value> =
            session.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
        return if data.is_empty() { Ok(None) } else { encode(engine, &data).map(Some) };
    }
    Ok(session.key().map(|key| key.as_str().to_owned()))
}

fn encode(engine: &SessionEngine, data: &Map<String, Value>) -> Result<String> {
    Ok(engine.encode(data)?)
}

fn state(engine: &SessionEngine, session: &Session) -> Value {
    let (accessed, modified) = (session.is_accessed(), session.is_modified());
    let key = session.key().map(|key| key.as_str().to_owned());
    json!({ "accessed": accessed, "modified": modified, "key": key, "stored": engine.promises().revocable })
}

/// Django's argument of `set_expiry`: seconds, a moment (microseconds since 1970), or nothing.
fn expiry(value: &Value, now: SystemTime) -> Expiry {
    if let Some(moment) = value["at"].as_i64() {
        return Expiry::At(from_micros(moment));
    }
    match value.as_i64() {
        None => Expiry::Default,
        Some(0) => Expiry::BrowserClose,
        Some(seconds) => {
            let length = Duration::from_secs(seconds.unsigned_abs());
            // An age is never negative here: a moment in the past says the same.
            if seconds > 0 { Expiry::After(length) } else { Expiry::At(now - length) }
        }
    }
}

fn id(request: &Value) -> Result<u64> {
    request["id"].as_u64().ok_or_else(|| Error::new("a request about a session needs its id"))
}

fn object(value: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&EMPTY)
}

fn from_micros(micros: i64) -> SystemTime {
    let length = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - length } else { SystemTime::UNIX_EPOCH + length }
}

fn micros(moment: SystemTime) -> i64 {
    match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(length) => i64::try_from(length.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    }
}
