//! The session as a dictionary: the tests of Django's `SessionTestsMixin`, method by method.

use serde_json::{Value, json};

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{Result, sessions::Session};

pub(super) static CHECKS: [SuiteCheck; 14] = checks![Needs::Nothing;
    a_new_session_is_neither_accessed_nor_modified,
    a_missing_key_reads_as_null_and_marks_accessed,
    a_stored_value_is_there_and_marks_modified,
    a_nested_change_marks_modified,
    pop_returns_the_value_and_marks_modified,
    pop_of_a_missing_key_changes_nothing,
    setdefault_sets_once,
    extend_sets_several_keys,
    has_key_tells_without_change,
    keys_values_and_items_keep_their_order,
    clear_empties_and_marks_modified,
    a_value_of_another_type_is_a_named_error,
    update_computes_from_the_present_value,
    the_test_cookie_works,
];

fn session(subject: &Subject) -> Session {
    subject.engine().new_session()
}

async fn a_new_session_is_neither_accessed_nor_modified(subject: &Subject) -> Result<()> {
    let session = session(subject);
    ensure!(!session.is_accessed() && !session.is_modified(), "a new session counts as touched");
    ensure!(session.is_empty() && session.key().is_none(), "a new session is not empty");
    Ok(())
}

async fn a_missing_key_reads_as_null_and_marks_accessed(subject: &Subject) -> Result<()> {
    let session = session(subject);
    ensure_eq!(session.get::<String>("missing")?, None, "get");
    ensure_eq!(session["missing"], Value::Null, "index");
    ensure!(session.is_accessed() && !session.is_modified(), "a read must mark accessed alone");
    Ok(())
}

async fn a_stored_value_is_there_and_marks_modified(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session["cat"] = json!("dog");
    ensure!(session.is_modified(), "index assignment must mark modified");
    ensure_eq!(session.remove::<String>("cat")?.as_deref(), Some("dog"), "pop");
    session.insert("n", 5)?;
    ensure_eq!(session.get::<u8>("n")?, Some(5), "insert");
    Ok(())
}

async fn a_nested_change_marks_modified(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session.insert("cart", json!({"lines": [1]}))?;
    session.set_modified(false);
    session["cart"]["lines"][0] = json!(2);
    session["cart"]["total"] = json!(9);
    ensure!(session.is_modified(), "a nested change must mark modified");
    ensure_eq!(session["cart"], json!({"lines": [2], "total": 9}), "the nested values");
    Ok(())
}

async fn pop_returns_the_value_and_marks_modified(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session["some key"] = json!("exists");
    session.set_modified(false);
    ensure_eq!(session.remove::<String>("some key")?.as_deref(), Some("exists"), "pop");
    ensure!(session.is_modified(), "pop must mark modified");
    ensure_eq!(session.get::<String>("some key")?, None, "after pop");
    Ok(())
}

async fn pop_of_a_missing_key_changes_nothing(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    ensure_eq!(session.remove::<String>("missing")?, None, "pop");
    ensure!(session.is_accessed() && !session.is_modified(), "a vain pop must not mark modified");
    Ok(())
}

async fn setdefault_sets_once(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    ensure_eq!(session.get_or_insert("foo", "bar")?, &json!("bar"), "first");
    ensure!(session.is_modified(), "the first must mark modified");
    session.set_modified(false);
    ensure_eq!(session.get_or_insert("foo", "baz")?, &json!("bar"), "second");
    ensure!(!session.is_modified(), "the second must not mark modified");
    Ok(())
}

async fn extend_sets_several_keys(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session.extend([("update key", 1), ("other", 2)]);
    ensure!(session.is_accessed() && session.is_modified(), "extend must mark modified");
    ensure_eq!(session.get::<u8>("update key")?, Some(1), "extend");
    ensure_eq!(session.len(), 2, "len");
    Ok(())
}

async fn has_key_tells_without_change(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session["some key"] = json!(1);
    session.set_modified(false);
    ensure!(session.contains_key("some key") && !session.contains_key("other"), "contains_key");
    ensure!(session.is_accessed() && !session.is_modified(), "contains_key must mark accessed alone");
    Ok(())
}

async fn keys_values_and_items_keep_their_order(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    for (index, key) in ["zulu", "alpha", "mike"].into_iter().enumerate() {
        session.insert(key, index)?;
    }
    session.remove::<u8>("zulu")?;
    session.insert("zulu", 3)?;
    session.set_modified(false);
    ensure_eq!(session.keys().collect::<Vec<_>>(), ["alpha", "mike", "zulu"], "keys");
    ensure_eq!(session.values().filter_map(Value::as_u64).collect::<Vec<_>>(), [1, 2, 3], "values");
    ensure_eq!(session.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["alpha", "mike", "zulu"], "items");
    ensure!(!session.is_modified(), "listing must not mark modified");
    Ok(())
}

async fn clear_empties_and_marks_modified(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session["x"] = json!(1);
    session.set_modified(false);
    session.clear();
    ensure!(session.is_modified() && session.keys().next().is_none(), "clear must empty and mark modified");
    Ok(())
}

async fn a_value_of_another_type_is_a_named_error(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session["name"] = json!("John Doe");
    let Err(error) = session.get::<u64>("name") else {
        return Err(crate::Error::new("text was read as a number"));
    };
    ensure_eq!(error.to_string(), "session[\"name\"] holds a string, not u64", "the message");
    Ok(())
}

async fn update_computes_from_the_present_value(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    for _ in 0..3 {
        session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    }
    ensure_eq!(session.get::<u64>("n")?, Some(3), "update");
    ensure!(session.is_modified(), "update must mark modified");
    Ok(())
}

async fn the_test_cookie_works(subject: &Subject) -> Result<()> {
    let mut session = session(subject);
    session.set_test_cookie();
    ensure!(session.test_cookie_worked(), "the test cookie did not work");
    ensure_eq!(session["testcookie"], json!("worked"), "Django's key and value");
    session.delete_test_cookie();
    ensure!(!session.test_cookie_worked() && session.keys().next().is_none(), "the test cookie stayed");
    Ok(())
}
