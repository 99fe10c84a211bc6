//! Masks values that may be secret on the debug page.

pub(super) const MASK: &str = "********";

/// Parts of names whose values are not shown (as Django's `SafeExceptionReporterFilter`, and more).
const SECRET: [&str; 10] =
    ["auth", "cookie", "csrf", "key", "pass", "secret", "session", "signature", "token", "credential"];

pub(super) fn masked(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    // A link back may hold what a query held.
    let secret = SECRET.iter().any(|part| name.contains(part)) || (name == "referer" && value.contains('?'));
    if secret { MASK.to_owned() } else { value.to_owned() }
}
