//! Reads and writes a session's values: Django's dictionary methods, with types.

use std::any::type_name;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Session, change_log::SessionChange, finite};
use crate::Result;

/// Django's `TEST_COOKIE_NAME` and `TEST_COOKIE_VALUE`.
const TEST_COOKIE: (&str, &str) = ("testcookie", "worked");

/// A session's value could not be read as a type, or a new value could not be stored.
///
/// # Examples
///
/// ```
/// use nuages::sessions::{Session, ValueError};
///
/// # fn main() -> nuages::Result<()> {
/// let mut session = Session::default();
/// session.insert("visits", "many")?;
/// let error = session.get::<u64>("visits").expect_err("text is no number");
/// assert_eq!(error.to_string(), r#"session["visits"] holds a string, not u64"#);
/// assert!(matches!(error.downcast_ref(), Some(ValueError::Type { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The stored value is of another type.
    #[error("session[{key:?}] holds {found}, not {expected}{}", at(path))]
    Type {
        /// The key.
        key: String,
        /// The kind of the stored JSON value. The value itself is never shown.
        found: &'static str,
        /// The requested Rust type.
        expected: &'static str,
        /// The path to the part that did not fit, such as `items[2].price`. `.` is the whole value.
        path: String,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
    /// The new value has no JSON form, for example because it holds a NaN.
    #[error("session[{key:?}] cannot hold a {given}: it has no JSON form")]
    Unstorable {
        /// The key.
        key: String,
        /// The Rust type of the value.
        given: &'static str,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
}

impl Session {
    /// Returns the value of `key` as a `T`, or `None` if the key is not there (Django's `get`).
    ///
    /// # Errors
    ///
    /// [`ValueError::Type`] if the stored value is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.touch();
        let Some(value) = self.data.get(key) else { return Ok(None) };
        let exact = self.big_integers.original_text(key, value);
        // A number larger than all floats has no exact form but its text.
        if let Some(typed) = exact.and_then(|text| serde_json::from_str(text.get()).ok()) {
            return Ok(Some(typed));
        }
        Ok(Some(typed(key, value)?))
    }

    /// Sets `key` (Django's `session[key] = value`).
    ///
    /// # Errors
    ///
    /// [`ValueError::Unstorable`] if the value has no JSON form.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Serialize) -> Result<()> {
        let key = key.into();
        let value = to_value(&key, value)?;
        self.set(key, value);
        Ok(())
    }

    /// Removes `key` and returns its value (Django's `pop(key, None)`). The session counts as modified only
    /// if the key was there.
    ///
    /// # Errors
    ///
    /// [`ValueError::Type`] if the stored value is of another type. The value then stays.
    pub fn remove<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        let value = self.get(key)?;
        self.take(key);
        Ok(value)
    }

    /// Returns the value of `key`, after setting it to `default` if the key is not there (Django's
    /// `setdefault`).
    ///
    /// # Errors
    ///
    /// [`ValueError::Unstorable`] if the default has no JSON form.
    pub fn get_or_insert(&mut self, key: &str, default: impl Serialize) -> Result<&Value> {
        self.touch();
        if !self.data.contains_key(key) {
            let value = to_value(key, default)?;
            self.settle();
            self.mark_modified();
            self.log.push(SessionChange::SetDefault(key.to_owned(), value.clone()));
            self.data.insert(key.to_owned(), value);
        }
        Ok(&self.data[key])
    }

    /// Replaces the value of `key` by the result of `f`, atomically.
    ///
    /// If another request has changed the session before this one saves it, `f` is called again on the
    /// fresh value. It must not have other effects.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if the stored value is not a `T`, or the new one has no JSON form.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> nuages::Result<()> {
    /// # let mut session = nuages::sessions::Session::default();
    /// session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    /// # assert_eq!(session.get("visits")?, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<T, U, F>(&mut self, key: impl Into<String>, f: F) -> Result<()>
    where
        T: DeserializeOwned,
        U: Serialize,
        F: Fn(Option<T>) -> U + Send + Sync + 'static,
    {
        let key = key.into();
        let value = to_value(&key, f(self.get(&key)?))?;
        self.settle();
        self.mark_modified();
        self.big_integers.forget(&key);
        self.data.insert(key.clone(), value);
        let name = key.clone();
        let updater = move |old: Option<Value>| -> Result<Value> {
            let old = match &old {
                Some(value) => Some(typed(&name, value)?),
                None => None,
            };
            to_value(&name, f(old))
        };
        self.log.push(SessionChange::Update(key, Box::new(updater)));
        Ok(())
    }

    /// Returns a value without noting that the session was read. For the framework's own look-ups.
    pub(crate) fn peek(&self, key: &str) -> Option<&Value> {
        self.data.get(key)
    }

    /// Whether `key` is there (Django's `in` and `has_key`).
    pub fn contains_key(&self, key: &str) -> bool {
        self.touch();
        self.data.contains_key(key)
    }

    /// The keys, in the order in which they were first set.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.touch();
        self.data.keys().map(String::as_str)
    }

    /// The values, in the order of the keys.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.touch();
        self.data.values()
    }

    /// Keys and values (Django's `items`).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.touch();
        self.data.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.touch();
        self.data.len()
    }

    /// Sets several keys (Django's `update`).
    pub fn extend<K: Into<String>, V: Into<Value>>(&mut self, values: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in values {
            self.set(key.into(), value.into());
        }
    }

    /// Removes all values and keeps the key (Django's `clear`). See also [`Session::flush`].
    pub fn clear(&mut self) {
        self.wipe();
    }

    /// Sets a test value, which shows on the next request whether the browser accepts cookies.
    pub fn set_test_cookie(&mut self) {
        self.set(TEST_COOKIE.0.to_owned(), TEST_COOKIE.1.into());
    }

    /// Whether the browser has sent the test cookie back.
    pub fn test_cookie_worked(&self) -> bool {
        self[TEST_COOKIE.0] == TEST_COOKIE.1
    }

    /// Removes the test value.
    pub fn delete_test_cookie(&mut self) {
        self.take(TEST_COOKIE.0);
    }
}

fn to_value<V: Serialize>(key: &str, value: V) -> Result<Value> {
    let stored = finite::check(&value).and_then(|()| serde_json::to_value(value));
    Ok(stored.map_err(|source| ValueError::Unstorable {
        key: key.to_owned(),
        given: type_name::<V>(),
        source,
    })?)
}

/// Reads a value as a `T`.
fn typed<T: DeserializeOwned>(key: &str, value: &Value) -> Result<T, ValueError> {
    // Keeping track of the path costs time, so it is done only for an error.
    T::deserialize(value).or_else(|_| {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            wrong_type::<T>(key, value, path, error.into_inner())
        })
    })
}

/// The end of the message of [`ValueError::Type`].
fn at(path: &str) -> String {
    if path == "." { String::new() } else { format!(": {path} does not fit") }
}

fn wrong_type<T>(key: &str, value: &Value, path: String, source: serde_json::Error) -> ValueError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    ValueError::Type { key: key.to_owned(), found, expected: type_name::<T>(), path, source }
}
