//! Values for display, on one line: secrets are masked, long texts are cut.
//!
//! Used by errors, `diffsettings` and `Debug`.

use toml::de::DeValue;

/// Shown instead of a secret.
pub(in crate::settings) const MASK: &str = "********";

/// The number of characters that an error shows of a value.
const SHOWN: usize = 80;

/// Whether a project's own setting of this name is secret: Django's `hidden_settings`
/// (django/views/debug.py).
pub(in crate::settings) fn is_secret_name(name: &str) -> bool {
    const SECRET: [&str; 8] = ["API", "AUTH", "TOKEN", "KEY", "SECRET", "PASS", "SIGNATURE", "HTTP_COOKIE"];
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// Masks the user, the password and the query of a URL.
pub(in crate::settings) fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => rest.to_owned(),
    };
    let rest = match rest.split_once('?') {
        Some((place, _)) => format!("{place}?{MASK}"),
        None => rest,
    };
    format!("{scheme}://{rest}")
}

/// A value as TOML, without credentials, cut if it is long.
pub(in crate::settings) fn shown(value: &DeValue<'_>) -> String {
    cut(to_toml(value))
}

/// Cuts a text that is too long for an error.
pub(in crate::settings) fn cut(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A value as TOML, without credentials, uncut.
pub(in crate::settings) fn to_toml(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", without_credentials(text)),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        DeValue::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| to_toml(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entries: Vec<_> = table
                .iter()
                .map(|(name, value)| {
                    let name = name.get_ref();
                    let value = if is_secret_name(name) { MASK.into() } else { to_toml(value.get_ref()) };
                    format!("{name} = {value}")
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_show() {
        for (url, shown) in [
            ("redis://user:p@ss/word@cache:6379/1", "redis://********@cache:6379/1"),
            ("redis://cache:6379/1", "redis://cache:6379/1"),
            ("unix:///run/redis.sock?db=1&password=x", "unix:///run/redis.sock?********"),
            ("redis://:a@b,redis://:c@d", "redis://********@d"),
            ("not a url", "not a url"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[test]
    fn names_of_secrets_are_known_in_any_case() {
        assert!(is_secret_name("stripe_api_key") && is_secret_name("PASSWORD"));
        assert!(!is_secret_name("page_size"));
    }
}
