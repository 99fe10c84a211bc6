//! `session["name"]` and `session[["cart", "picks"]]`: index syntax for reading and changing values.

use std::ops::{Index, IndexMut};

use serde_json::Value;

use super::{Session, change_log::as_object};

static NULL: Value = Value::Null;

impl Index<&str> for Session {
    type Output = Value;

    /// Returns the value of `key`, or `Null` if the key is not there.
    fn index(&self, key: &str) -> &Value {
        self.touch();
        self.data.get(key).unwrap_or(&NULL)
    }
}

impl IndexMut<&str> for Session {
    /// Returns the value of `key` to change it or a value inside. The session counts as modified.
    ///
    /// A second pair of brackets is serde_json's: `session["n"]["deep"] = …` panics if `session["n"]` is a
    /// number, text or array. The response is then a 500, whose error names both keys. `session[["n", "deep"]] =
    /// …` never does.
    fn index_mut(&mut self, key: &str) -> &mut Value {
        self.mark_modified();
        self.log.lend(key, self.data.get(key));
        self.data.entry(key).or_insert(Value::Null)
    }
}

impl<const N: usize> Index<[&str; N]> for Session {
    type Output = Value;

    /// Returns the value at a path of keys, or `Null` if there is none.
    fn index(&self, path: [&str; N]) -> &Value {
        const { assert!(N > 0, "a path has at least one key") };
        let (first, rest) = (path[0], &path[1..]);
        rest.iter().try_fold(&self[first], |value, key| value.get(key)).unwrap_or(&NULL)
    }
}

impl<const N: usize> IndexMut<[&str; N]> for Session {
    /// Returns the value at a path of keys to change it. The session counts as modified.
    ///
    /// A value on the way that is not an object is replaced by an empty object, so this never panics.
    fn index_mut(&mut self, path: [&str; N]) -> &mut Value {
        const { assert!(N > 0, "a path has at least one key") };
        let (first, rest) = (path[0], &path[1..]);
        rest.iter().fold(&mut self[first], |value, key| as_object(value).entry(*key).or_insert(Value::Null))
    }
}

impl Session {
    /// Explains a panic of serde_json's `IndexMut` with this message, if a value of this session caused it:
    /// names both keys, and the way to write it.
    pub(crate) fn explain_index_panic(&self, message: &str) -> Option<String> {
        let (_, rest) = message.split_once("cannot access key \"")?;
        let (inner, kind) = rest.split_once("\" in JSON ")?;
        let is_culprit = |key: &&str| self.data.get(*key).is_some_and(|value| kind_of(value) == kind);
        let key = self.log.lent_keys().find(is_culprit)?;
        let article = if kind.starts_with('a') { "an" } else { "a" };
        Some(format!(
            "session[{key:?}][{inner:?}] cannot be set, because session[{key:?}] is {article} {kind}; \
             session[[{key:?}, {inner:?}]] replaces it by an object"
        ))
    }
}

/// The name of a value's type, as serde_json's panics have it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
