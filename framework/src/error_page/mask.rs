//! Masks values on the debug page that may be secret: by their names, and by their shape.

/// Shown in place of a secret.
pub(super) const MASK: &str = "********";

/// Parts of names of secrets, as in Django's `SafeExceptionReporterFilter`, and more.
const PARTS: [&str; 18] = [
    "auth",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "key",
    "nonce",
    "otp",
    "pass",
    "pwd",
    "secret",
    "session",
    "signature",
    "ticket",
    "token",
    "verif",
    "xsrf",
    "bearer",
];

/// Words of names of secrets. They are common parts of other words (`pin` of `shipping`), so the whole word
/// must match: in `sms_code` and in `smsCode`, not in `decode`.
const WORDS: [&str; 14] =
    ["api", "card", "code", "cvc", "cvv", "hash", "hmac", "iban", "pin", "sid", "sig", "ssn", "state", "tan"];

/// The shortest run of letters and digits that can be a token. Session keys have 32.
const TOKEN_LENGTH: usize = 16;

/// The value of a header, a field or a cookie as the debug page shows it.
pub(super) fn masked(name: &str, value: &str) -> String {
    // A link back may contain a query, whose names are not looked at.
    let link_with_query = name.eq_ignore_ascii_case("referer") && value.contains('?');
    if is_secret_name(name) || link_with_query { MASK.to_owned() } else { without_tokens(value) }
}

/// The text with a mask in place of everything that looks like a session key, a signed value or a token.
pub(super) fn without_tokens(text: &str) -> String {
    // Signed values have colons, JSON web tokens dots, base64 has `+`, `=` and, in URLs, escapes.
    let joins = |c: char| c.is_ascii_alphanumeric() || "-_.:+=~%".contains(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !joins(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        shown.push_str(if looks_secret(run) { MASK } else { run });
        let other = after.find(joins).unwrap_or(after.len());
        shown.push_str(&after[..other]);
        rest = &after[other..];
    }
    shown
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PARTS.iter().any(|part| lower.contains(part))
        || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name in lower case: `smsCode`, `sms_code` and `sms-code` all have `code`.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_ascii_alphabetic() { c.to_ascii_lowercase() } else { ' ' });
    }
    let mut words: Vec<String> = spaced.split(' ').map(str::to_owned).collect();
    // A name in capitals is one word.
    words.push(name.to_ascii_lowercase());
    words
}

/// Whether a run of characters looks random. Words with hyphens, as in the slug of an article, do not; nor
/// do numbers.
fn looks_secret(run: &str) -> bool {
    let has = |text: &str, class: fn(&u8) -> bool| text.as_bytes().iter().any(class);
    let mixed = |text: &str| has(text, u8::is_ascii_digit) && has(text, u8::is_ascii_alphabetic);
    let token =
        run.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.len() >= TOKEN_LENGTH && mixed(part));
    // Hyphens and underscores are digits of base64 in URLs: they may cut a token into short parts.
    let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase];
    let base64 = run
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .any(|part| part.len() >= 24 && classes.iter().all(|class| has(part, *class)));
    token || base64 || (run.starts_with("eyJ") && run.len() >= TOKEN_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_parts_and_words() {
        for name in [
            "jwt",
            "code",
            "otp",
            "pin",
            "sms_code",
            "smsCode",
            "auth-code",
            "id_token",
            "PIN",
            "X-Api-Key",
            "sid",
            "access_token",
            "new_password1",
            "Authorization",
            "csrfmiddlewaretoken",
            "sig",
            "cvv",
            "oauth_state",
            "api",
            "Set-Cookie",
            "sessionid",
            "verification",
            "totp",
        ] {
            assert_eq!(masked(name, "1234"), MASK, "{name}");
        }
        for name in ["q", "page", "shipping", "decode", "spin", "host", "user-agent", "accept", "sort", "id"]
        {
            assert_eq!(masked(name, "1234"), "1234", "{name}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_shape() {
        for secret in [
            "2b1189a188b44ad18c35e113ac6ceead",
            "k8q0zbc3x1v5n7m9l2j4h6g8f0d1s3a5",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "eyJhIjoxfQ:1tABCd:QvNdFl5o2CbK0bqRzV3T9hZ9mN6tIu8yXwE1rS4aPqo",
            "eyJhIjoxfQ%3A1tABCd%3AQvNdFl5o2CbK0bqRzV3T9hZ9mN6tIu8yXwE1rS4aPqo",
            "cm9vdA-5x_C3pO-Kd9_s8-Tq1w2",
            "c3e5-9f1a2b3c4d5e6f708192a3b4c5",
        ] {
            assert_eq!(without_tokens(secret), MASK);
            assert_eq!(without_tokens(&format!("/reset/MQ/{secret}/")), format!("/reset/MQ/{MASK}/"));
            assert_eq!(masked("q", &format!("a {secret}, b")), format!("a {MASK}, b"));
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "/articles/2026/how-to-build-10-websites-with-rust-in-2026/",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "example.com:8000",
            "the URL pattern captures nothing named \"internationalization\"",
            "12345678901234567890",
            "héllo wörld",
            "",
        ] {
            assert_eq!(without_tokens(text), text);
        }
        let referer = "http://example.com/a/?next=/b/";
        assert_eq!(masked("Referer", referer), MASK);
        assert_eq!(masked("Referer", "http://example.com/a/"), "http://example.com/a/");
    }
}
