//! Which names a project can have: it becomes a package, a program and a folder.

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
const OF_RUST: [&str; 5] = ["alloc", "core", "proc_macro", "std", "test"];
/// Crates that a project depends on.
const DEPENDENCIES: [&str; 4] = ["manage", "nuages", "nuages_manage", "serde"];
/// Folders in cargo's target folder, where the program goes.
const OF_CARGO: [&str; 6] = ["build", "debug", "deps", "examples", "incremental", "release"];
/// What Windows takes for devices.
const DEVICES: [&str; 6] = ["aux", "com1", "con", "lpt1", "nul", "prn"];

/// Longer than any sane name; file systems take 255 bytes.
const LONGEST: usize = 64;

/// Checks the name of a project.
pub(super) fn check(name: &str) -> Result<(), CommandError> {
    let Some(objection) = objection(name) else { return Ok(()) };
    let error = CommandError::new(format!("{name:?} cannot be a project's name: {objection}"));
    Err(match suggestion(name) {
        Some(better) => error.hint(format!("how about `manage startproject {better}`?")),
        None => error.hint("take a name such as `mysite`"),
    })
}

fn objection(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = name.replace('-', "_").to_ascii_lowercase();
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains(['/', '\\']) {
        Some("it is a path (the folder can be named after the name)")
    } else if !name.chars().all(allowed) {
        Some("only ASCII letters, digits, `_` and `-` make up the name of a Rust package")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Some("it has to start with a letter")
    } else if name.len() > LONGEST {
        Some("it is longer than 64 characters")
    } else if is_in(&KEYWORDS) {
        Some("it is a keyword of Rust")
    } else if is_in(&OF_RUST) {
        Some("a crate that comes with Rust has it")
    } else if is_in(&DEPENDENCIES) {
        Some("a crate that every project depends on has it")
    } else if is_in(&OF_CARGO) {
        Some("cargo has a folder of that name where it puts programs")
    } else if is_in(&DEVICES) {
        Some("Windows has a device of that name")
    } else {
        None
    }
}

/// The nearest name that has no objection.
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
    let better: String = better.chars().take(LONGEST - "_site".len()).collect();
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
    fn sound_names_pass() {
        for name in ["mysite", "my-site", "my_site2", "Blog", "a"] {
            assert_eq!(objection(name), None, "{name}");
        }
    }

    #[test]
    fn unsound_names_are_refused_with_a_sound_suggestion() {
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
