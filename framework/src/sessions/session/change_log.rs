//! The log of a request's changes to its session. The engine replays it on the fresh data if another
//! request has changed the session in between.
//!
//! Changes through `session["cart"]["a"] = …` are found by comparing the value before with the value
//! after, down to the changed paths. If two requests change different parts of one value, both changes
//! survive.

use serde_json::{Map, Value};

use crate::sessions::codec::BigIntegers;
use crate::{Error, Result};

/// Computes a key's new value from its current one.
pub(super) type Updater = Box<dyn Fn(Option<Value>) -> Result<Value> + Send + Sync>;

/// One change.
pub(super) enum SessionChange {
    Set(String, Value),
    SetDefault(String, Value),
    Remove(String),
    Update(String, Updater),
    /// Sets the value at a path of object keys below a top-level key.
    SetPath(Vec<String>, Value),
    RemovePath(Vec<String>),
    Clear,
}

/// All changes of one request, in order.
#[derive(Default)]
pub(super) struct ChangeLog {
    changes: Vec<SessionChange>,
    /// Keys lent out by `IndexMut`, and their values before.
    lent: Vec<(String, Option<Value>)>,
}

impl ChangeLog {
    pub(super) fn push(&mut self, change: SessionChange) {
        if let (SessionChange::Set(key, _), Some(SessionChange::Set(last, _))) =
            (&change, self.changes.last())
            && key == last
        {
            self.changes.pop();
        }
        self.changes.push(change);
    }

    /// Remembers the value of a key before it is lent out for change.
    pub(super) fn lend(&mut self, key: &str, before: Option<&Value>) {
        if !self.lent.iter().any(|(lent, _)| lent == key) {
            self.lent.push((key.to_owned(), before.cloned()));
        }
    }

    /// The keys that are lent out, the last one first.
    pub(super) fn lent_keys(&self) -> impl Iterator<Item = &str> {
        self.lent.iter().rev().map(|(key, _)| key.as_str())
    }

    pub(super) fn has_lent(&self) -> bool {
        !self.lent.is_empty()
    }

    /// Logs the changes made to the lent values. Called before any other change and before saving.
    pub(super) fn settle(&mut self, data: &Map<String, Value>) {
        for (key, before) in std::mem::take(&mut self.lent) {
            match (before, data.get(&key)) {
                (Some(before), Some(after)) => differences(&before, after, &mut vec![key], &mut self.changes),
                (None, Some(after)) => self.push(SessionChange::Set(key, after.clone())),
                (_, None) => self.push(SessionChange::Remove(key)),
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.lent.clear();
    }

    /// Makes the same changes on fresh data.
    pub(super) fn replay(&self, data: &mut Map<String, Value>, big_integers: &mut BigIntegers) -> Result<()> {
        self.changes.iter().try_for_each(|change| apply(change, data, big_integers))
    }
}

fn apply(
    change: &SessionChange,
    data: &mut Map<String, Value>,
    big_integers: &mut BigIntegers,
) -> Result<()> {
    match change {
        SessionChange::Set(key, value) => {
            big_integers.forget(key);
            data.insert(key.clone(), value.clone());
        }
        SessionChange::SetDefault(key, value) => {
            data.entry(key.as_str()).or_insert_with(|| value.clone());
        }
        SessionChange::Remove(key) => {
            big_integers.forget(key);
            data.shift_remove(key);
        }
        SessionChange::Update(key, updater) => {
            let value = updater(data.get(key).cloned())
                .map_err(|error| Error::context(error, format!("updating session[{key:?}] again")))?;
            big_integers.forget(key);
            data.insert(key.clone(), value);
        }
        SessionChange::SetPath(path, value) => {
            if let Some((last, parents)) = path.split_last() {
                let place = parents.iter().fold(data, |map, key| object(map, key));
                place.insert(last.clone(), value.clone());
            }
        }
        SessionChange::RemovePath(path) => {
            if let Some((last, parents)) = path.split_last() {
                let mut place = Some(data);
                for key in parents {
                    place = place.and_then(|map| map.get_mut(key)).and_then(Value::as_object_mut);
                }
                if let Some(map) = place {
                    map.shift_remove(last);
                }
            }
        }
        SessionChange::Clear => {
            big_integers.clear();
            data.clear();
        }
    }
    Ok(())
}

/// The object under `key`. Any other value is replaced by an empty object.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    as_object(map.entry(key).or_insert(Value::Null))
}

/// The object that a value is. Any other value is replaced by an empty object.
pub(super) fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("the value was just replaced by an object")
}

/// Appends to `changes` the changes that turn `before` into `after`. Both are at `path`.
fn differences(before: &Value, after: &Value, path: &mut Vec<String>, changes: &mut Vec<SessionChange>) {
    if before == after {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        changes.push(match path.as_slice() {
            [key] => SessionChange::Set(key.clone(), after.clone()),
            path => SessionChange::SetPath(path.to_vec(), after.clone()),
        });
        return;
    };
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        changes.push(SessionChange::RemovePath(path.iter().chain([key]).cloned().collect()));
    }
    for (key, value) in new {
        path.push(key.clone());
        match old.get(key) {
            Some(old) => differences(old, value, path, changes),
            None => changes.push(SessionChange::SetPath(path.clone(), value.clone())),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn changes_of_different_parts_of_one_value_both_survive() {
        let mut mine = map(json!({"cart": {"a": 1, "b": {"x": 1}, "gone": 0}}));
        let mut log = ChangeLog::default();
        log.lend("cart", mine.get("cart"));
        mine["cart"]["b"]["x"] = json!(2);
        mine["cart"].as_object_mut().expect("object").remove("gone");
        log.settle(&mine);

        let mut fresh = map(json!({"cart": {"a": 9, "b": {"x": 1, "y": 1}, "gone": 0}, "other": true}));
        log.replay(&mut fresh, &mut BigIntegers::default()).expect("no updates");
        assert_eq!(Value::Object(fresh), json!({"cart": {"a": 9, "b": {"x": 2, "y": 1}}, "other": true}));
    }

    #[test]
    fn a_path_into_a_value_that_is_gone_makes_it_again() {
        let mut log = ChangeLog::default();
        log.push(SessionChange::SetPath(vec!["a".into(), "b".into(), "c".into()], json!(1)));
        log.push(SessionChange::RemovePath(vec!["x".into(), "y".into()]));
        let mut fresh = map(json!({"a": 5}));
        log.replay(&mut fresh, &mut BigIntegers::default()).expect("no updates");
        assert_eq!(Value::Object(fresh), json!({"a": {"b": {"c": 1}}}));
    }
}
