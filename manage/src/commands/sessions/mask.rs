//! Masks the secrets in a session's data, which `show` prints only with `--reveal`.

use serde_json::{Map, Value};

/// Replaces a secret.
const MASK: &str = "********";

/// A name that contains one of these is a secret's. From Django's `hidden_settings` (django/views/debug.py),
/// without `AUTH` and `KEY`: they would hide `_auth_user_id` and other values that are not secret.
const SECRET_PARTS: [&str; 13] = [
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
/// A name that ends with one of these is a secret's: `api_key` and `key` are, `keyboard` is not.
const SECRET_ENDS: [&str; 2] = ["key", "otp"];

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part)) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Masks every secret at any depth. Returns how many there were.
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
