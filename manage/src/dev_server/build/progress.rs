//! Reads what cargo prints for people: how far it is, and whether it waits for another cargo.

use crate::dev_server::state::BuildProgress;

/// Cargo's words while another cargo, an editor's for example, works in the same target folder.
const BLOCKED: &str = "Blocking waiting for file lock";

/// Takes over what a line says about the progress. Returns whether the line is a message that stays.
pub(super) fn read(line: &str, progress: &mut BuildProgress) -> bool {
    let plain = plain(line);
    let plain = plain.trim();
    if plain.starts_with(BLOCKED) {
        progress.blocked = true;
        return false;
    }
    // `Building [====>   ] 45/170: serde, tokio(build)`
    if let Some((_, rest)) = plain.split_once("] ").filter(|_| plain.starts_with("Building [")) {
        let (counts, names) = rest.split_once(": ").unwrap_or((rest, ""));
        if let Some((done, total)) = counts.split_once('/') {
            progress.blocked = false;
            progress.done = done.trim().parse().unwrap_or(progress.done);
            progress.total = total.trim_end_matches(':').trim().parse().unwrap_or(progress.total);
            progress.current = names.trim().to_owned();
        }
        return false;
    }
    let is_step =
        ["Compiling ", "Checking ", "Fresh ", "Dirty ", "Finished ", "Locking ", "Adding ", "Updating "];
    if is_step.iter().any(|step| plain.starts_with(step)) {
        progress.blocked = false;
        return false;
    }
    !plain.is_empty()
}

/// The text without colours.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // `ESC [ numbers letter`
            if characters.next() == Some('[') {
                let _ = characters.find(|character| character.is_ascii_alphabetic());
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_cargos_bar() {
        let mut progress = BuildProgress::default();
        assert!(!read(
            "\u{1b}[1m\u{1b}[36m    Blocking\u{1b}[0m waiting for file lock on build directory",
            &mut progress
        ));
        assert!(progress.blocked);
        let bar = "\u{1b}[1m\u{1b}[36m    Building\u{1b}[0m [=====>      ] 45/170: serde, tokio(build.rs)";
        assert!(!read(bar, &mut progress));
        assert_eq!((progress.done, progress.total, progress.blocked), (45, 170, false));
        assert_eq!(progress.current, "serde, tokio(build.rs)");
        assert!(!read("   Compiling site v0.1.0 (/site)", &mut progress));
        assert!(read("error: failed to parse manifest", &mut progress));
    }
}
