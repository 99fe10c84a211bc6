//! Checks the name of a new project: it names a package, a program and a folder.

use super::maker::Maker;
use crate::CommandError;

/// Keywords of Rust, also those reserved for later (the Rust reference, "Keywords").
const KEYWORDS: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "_",
];
/// Crates that come with Rust.
const RUST_CRATES: [&str; 5] = ["alloc", "core", "proc_macro", "std", "test"];
/// Crates that a project depends on.
const DEPENDENCIES: [&str; 4] = ["manage", "nuages", "nuages_manage", "serde"];
/// Folders that cargo makes where it puts the program.
const CARGO_FOLDERS: [&str; 6] = ["build", "debug", "deps", "examples", "incremental", "release"];
/// Names of devices on Windows.
const DEVICES: [&str; 6] = ["aux", "com1", "con", "lpt1", "nul", "prn"];

/// The length of the longest valid name. File systems limit a file name to 255 bytes.
const MAX_LENGTH: usize = 64;

/// Checks the name of a project.
///
/// # Errors
///
/// Where the name is invalid; the hint names a valid one.
pub(super) fn check(maker: Maker, name: &str) -> Result<(), CommandError> {
    let Some(objection) = objection(name) else { return Ok(()) };
    let error = CommandError::new(format!("{name:?} cannot be a project's name: {objection}"));
    let Some(better) = suggestion(name) else { return Err(error.hint("use a name such as `mysite`")) };
    Err(match maker.call_in(&better, name) {
        Some(call) if name.contains('/') => error.hint(format!("the folder comes second: {call}")),
        _ => error.hint(format!("how about {}?", maker.call(&better))),
    })
}

/// Returns why the name is invalid, if it is.
pub(super) fn objection(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = name.replace('-', "_").to_ascii_lowercase();
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains(['/', '\\']) {
        Some("it is a path, and not only a name")
    } else if !name.chars().all(allowed) {
        Some("the name of a Rust package has only ASCII letters, digits, `_` and `-`")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Some("it must start with a letter")
    } else if name.len() > MAX_LENGTH {
        Some("it is longer than 64 characters")
    } else if is_in(&KEYWORDS) {
        Some("it is a keyword of Rust")
    } else if is_in(&RUST_CRATES) {
        Some("it is the name of a crate that comes with Rust")
    } else if is_in(&DEPENDENCIES) {
        Some("it is the name of a crate that every project depends on")
    } else if is_in(&CARGO_FOLDERS) {
        Some("cargo makes a folder of that name where it puts the program")
    } else if is_in(&DEVICES) {
        Some("it is the name of a device on Windows")
    } else {
        None
    }
}

/// Returns a valid name like this one, if there is one.
fn suggestion(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty())?;
    let mut better = String::new();
    for c in last.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => better.push(c.to_ascii_lowercase()),
            _ if better.ends_with('_') => {}
            _ => better.push('_'),
        }
    }
    let better = better.trim_matches('_');
    let better: String = better.chars().take(MAX_LENGTH - "_site".len()).collect();
    if better.is_empty() {
        return None;
    }
    let candidates = [better.clone(), format!("{better}_site"), format!("site_{better}")];
    candidates.into_iter().find(|candidate| objection(candidate).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names_pass() {
        for name in ["mysite", "my-site", "my_site2", "Blog", "a"] {
            assert_eq!(objection(name), None, "{name}");
        }
    }

    #[test]
    fn invalid_names_are_refused_with_a_valid_suggestion() {
        for (name, better) in [
            ("my site", "my_site"),
            ("2048", "site_2048"),
            ("test", "test_site"),
            ("core", "core_site"),
            ("fn", "fn_site"),
            ("Self", "self_site"),
            ("nuages", "nuages_site"),
            ("manage", "manage_site"),
            ("build", "build_site"),
            ("con", "con_site"),
            ("sites/blog", "blog"),
            ("-x", "x"),
            ("café.fr", "caf_fr"),
        ] {
            assert!(objection(name).is_some(), "{name}");
            assert_eq!(suggestion(name).as_deref(), Some(better), "{name}");
        }
        assert!(objection(&"a".repeat(65)).is_some());
        assert_eq!(suggestion("日本"), None);
        assert_eq!(suggestion(""), None);
    }
}
