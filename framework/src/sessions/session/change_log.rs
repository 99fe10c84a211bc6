//! The changes that a request made to its session, in order. They are replayed when another request has
//! changed the session in between.
//!
//! Changes through `session["cart"]["a"] = …` are found by comparing the value before with the value
//! after, down to the changed paths: two requests that change different parts of one value both win.

use serde_json::{Map, Value};

use crate::sessions::codec::BigIntegers;
use crate::{Error, Result};

/// Computes a key's new value from its present one.
pub(crate) type Updater = Box<dyn Fn(Option<Value>) -> Result<Value> + Send + Sync>;

/// One change.
pub(crate) enum LoggedChange {
    Set(String, Value),
    SetDefault(String, Value),
    Remove(String),
    Update(String, Updater),
    /// Below a top-level key, a path of object keys.
    SetPath(Vec<String>, Value),
    RemovePath(Vec<String>),
    Clear,
}

/// All changes of one request, in order.
#[derive(Default)]
pub(crate) struct ChangeLog {
    ops: Vec<LoggedChange>,
    /// Keys lent out by `IndexMut`, with their values before.
    lent: Vec<(String, Option<Value>)>,
}

impl ChangeLog {
    pub(crate) fn push(&mut self, op: LoggedChange) {
        if let (LoggedChange::Set(key, _), Some(LoggedChange::Set(last, _))) = (&op, self.ops.last())
            && key == last
        {
            self.ops.pop();
        }
        self.ops.push(op);
    }

    /// Remembers the value of a key that is about to be lent out for change.
    pub(crate) fn lend(&mut self, key: &str, before: Option<&Value>) {
        if !self.lent.iter().any(|(lent, _)| lent == key) {
            self.lent.push((key.to_owned(), before.cloned()));
        }
    }

    pub(crate) fn has_lent(&self) -> bool {
        !self.lent.is_empty()
    }

    /// Writes down what was done to the lent values. Called before any other change and before saving.
    pub(crate) fn settle(&mut self, data: &Map<String, Value>) {
        for (key, before) in std::mem::take(&mut self.lent) {
            match (before, data.get(&key)) {
                (Some(before), Some(after)) => differences(&before, after, &mut vec![key], &mut self.ops),
                (None, Some(after)) => self.push(LoggedChange::Set(key, after.clone())),
                (_, None) => self.push(LoggedChange::Remove(key)),
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.ops.clear();
        self.lent.clear();
    }

    /// Does it all again, on fresh data.
    pub(crate) fn replay(&self, data: &mut Map<String, Value>, big_integers: &mut BigIntegers) -> Result<()> {
        self.ops.iter().try_for_each(|op| apply(op, data, big_integers))
    }
}

fn apply(op: &LoggedChange, data: &mut Map<String, Value>, big_integers: &mut BigIntegers) -> Result<()> {
    match op {
        LoggedChange::Set(key, value) => {
            big_integers.forget(key);
            data.insert(key.clone(), value.clone());
        }
        LoggedChange::SetDefault(key, value) => {
            data.entry(key.as_str()).or_insert_with(|| value.clone());
        }
        LoggedChange::Remove(key) => {
            big_integers.forget(key);
            data.shift_remove(key);
        }
        LoggedChange::Update(key, updater) => {
            let value = updater(data.get(key).cloned())
                .map_err(|error| Error::context(error, format!("updating session[{key:?}] again")))?;
            big_integers.forget(key);
            data.insert(key.clone(), value);
        }
        LoggedChange::SetPath(path, value) => {
            if let Some((last, parents)) = path.split_last() {
                let place = parents.iter().fold(data, |map, key| object(map, key));
                place.insert(last.clone(), value.clone());
            }
        }
        LoggedChange::RemovePath(path) => {
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
        LoggedChange::Clear => {
            big_integers.clear();
            data.clear();
        }
    }
    Ok(())
}

/// The object under `key`, made where there is none.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it has just been made an object")
}

/// Appends to `ops` what makes `after` out of `before`; `path` leads to them.
fn differences(before: &Value, after: &Value, path: &mut Vec<String>, ops: &mut Vec<LoggedChange>) {
    if before == after {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        ops.push(match path.as_slice() {
            [key] => LoggedChange::Set(key.clone(), after.clone()),
            path => LoggedChange::SetPath(path.to_vec(), after.clone()),
        });
        return;
    };
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        ops.push(LoggedChange::RemovePath(path.iter().chain([key]).cloned().collect()));
    }
    for (key, value) in new {
        path.push(key.clone());
        match old.get(key) {
            Some(old) => differences(old, value, path, ops),
            None => ops.push(LoggedChange::SetPath(path.clone(), value.clone())),
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
        log.push(LoggedChange::SetPath(vec!["a".into(), "b".into(), "c".into()], json!(1)));
        log.push(LoggedChange::RemovePath(vec!["x".into(), "y".into()]));
        let mut fresh = map(json!({"a": 5}));
        log.replay(&mut fresh, &mut BigIntegers::default()).expect("no updates");
        assert_eq!(Value::Object(fresh), json!({"a": {"b": {"c": 1}}}));
    }
}
