//! Log lines as JSON objects, one a line: `{"time": …, "level": …, "target": …, "message": …, …}`.
//!
//! `logging` calls it for `serve --log-format json`. The fields of an event keep their names and types; those of
//! a request are `method`, `path`, `version`, `status`, `bytes` and `elapsed_us`.

use std::fmt;

use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{
    Level,
    field::{Field, Visit},
};

/// The fields of an event, as JSON.
#[derive(Default)]
pub(crate) struct JsonFields(pub(crate) Map<String, Value>);

impl JsonFields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for JsonFields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let causes = std::iter::successors(Some(value), |error| error.source());
        let texts: Vec<String> = causes.map(ToString::to_string).collect();
        self.add(field, texts.join(": "));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}

/// One line. The time is UTC (RFC 3339).
pub(crate) fn line(level: &Level, target: &str, fields: Map<String, Value>) -> String {
    let time = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    let level = if *level == Level::WARN { "WARNING" } else { level.as_str() };
    let mut line = Map::new();
    line.insert("time".to_owned(), time.into());
    line.insert("level".to_owned(), level.into());
    line.insert("target".to_owned(), target.into());
    line.extend(fields);
    format!("{}\n", Value::Object(line))
}
