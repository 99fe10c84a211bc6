//! `request.session`: a plain value.

use std::{
    ops::{Index, IndexMut},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::Result;

/// When a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// So long after the last change.
    After(Duration),
    /// At this moment.
    At(SystemTime),
    /// When the browser closes.
    BrowserClose,
    /// As the settings say.
    Default,
}

/// `request.session`.
#[derive(Debug, Default)]
pub struct Session {
    data: Map<String, Value>,
    accessed: AtomicBool,
    modified: bool,
}

impl Session {
    /// The value of `key`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.accessed.store(true, Relaxed);
        Ok(self.data.get(key).map(T::deserialize).transpose()?)
    }

    /// Sets `key`.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Serialize) -> Result<()> {
        *self.accessed.get_mut() = true;
        self.modified = true;
        self.data.insert(key.into(), serde_json::to_value(value)?);
        Ok(())
    }
}

static NULL: Value = Value::Null;

impl Index<&str> for Session {
    type Output = Value;
    fn index(&self, key: &str) -> &Value {
        self.accessed.store(true, Relaxed);
        self.data.get(key).unwrap_or(&NULL)
    }
}

impl IndexMut<&str> for Session {
    fn index_mut(&mut self, key: &str) -> &mut Value {
        *self.accessed.get_mut() = true;
        self.modified = true;
        self.data.entry(key).or_insert(Value::Null)
    }
}
