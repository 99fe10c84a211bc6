//! What `show` hides of a session's data unless it is told to reveal it.

use serde_json::{Map, Value};

/// What stands in the place of a secret.
const MASK: &str = "********";

/// Parts of names that announce a secret, in lower case. Django's (`hidden_settings` in
/// django/views/debug.py) but `AUTH` and `KEY`, which would hide `_auth_user_id` and much that is none.
const SECRET: [&str; 13] = [
    "api",
    "pass",
    "pwd",
    "token",
    "secret",
    "hash",
    "csrf",
    "signature",
    "cookie",
    "credential",
    "bearer",
    "private",
    "session_key",
];
/// Names that end so are secret: `api_key`, `key`; but not `keyboard`.
const SECRET_END: [&str; 2] = ["key", "otp"];

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part)) || SECRET_END.iter().any(|end| name.ends_with(end))
}

/// Puts a mask in the place of every secret, at any depth; how many there were.
pub(super) fn mask(data: &mut Map<String, Value>) -> usize {
    let mut masked = 0;
    for (name, value) in data.iter_mut() {
        if is_secret(name) && !value.is_null() {
            *value = MASK.into();
            masked += 1;
        } else {
            masked += mask_inside(value);
        }
    }
    masked
}

fn mask_inside(value: &mut Value) -> usize {
    match value {
        Value::Object(object) => mask(object),
        Value::Array(items) => items.iter_mut().map(mask_inside).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_at_any_depth_and_nothing_else() {
        let Value::Object(mut data) = json!({
            "_auth_user_id": "42",
            "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
            "_auth_user_hash": "d1a5",
            "_csrftoken": "x",
            "Password_Reset": ["a", "b"],
            "keyboard": "qwertz",
            "tokens_left": null,
            "shops": [{"name": "one", "api_key": 5}, {"name": "two", "oauth": {"refresh_token": "y"}}],
        }) else {
            panic!("an object")
        };
        assert_eq!(mask(&mut data), 5);
        assert_eq!(
            Value::Object(data),
            json!({
                "_auth_user_id": "42",
                "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
                "_auth_user_hash": MASK,
                "_csrftoken": MASK,
                "Password_Reset": MASK,
                "keyboard": "qwertz",
                "tokens_left": null,
                "shops": [{"name": "one", "api_key": MASK}, {"name": "two", "oauth": {"refresh_token": MASK}}],
            })
        );
    }
}
