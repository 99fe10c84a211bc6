//! Reads the JSON lines of `cargo build --message-format=json`: finished programs and the compiler's messages.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use crate::dev_server::fault::{ChangedLine, Diagnostic, Place, Suggestion};

/// A line that matters.
pub(super) enum CargoMessage {
    /// A binary of the package.
    Program {
        name: String,
        executable: PathBuf,
    },
    Diagnostic(Arc<Diagnostic>),
}

/// Reads a line. Returns `None` for those that do not matter.
pub(super) fn read(line: &str) -> Option<CargoMessage> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    match value.get("reason")?.as_str()? {
        "compiler-artifact" => {
            let target = value.get("target")?;
            let is_program = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
            let executable = text(&value, "executable").filter(|_| is_program)?.into();
            Some(CargoMessage::Program { name: text(target, "name")?, executable })
        }
        "compiler-message" => {
            let manifest = PathBuf::from(text(&value, "manifest_path")?);
            diagnostic(value.get("message")?, &manifest)
                .map(|found| CargoMessage::Diagnostic(Arc::new(found)))
        }
        _ => None,
    }
}

fn diagnostic(message: &Value, manifest: &Path) -> Option<Diagnostic> {
    let level = message.get("level")?.as_str()?;
    let is_error = level.starts_with("error");
    let spans = message.get("spans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // `aborting due to 2 previous errors` and `2 warnings emitted` say nothing new.
    if !(is_error || level == "warning") || (spans.is_empty() && is_summary(message)) {
        return None;
    }
    let base = base_of(manifest, spans);
    let primary = spans.iter().find(|span| span.get("is_primary") == Some(&Value::Bool(true)));
    let children = message.get("children").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(Diagnostic {
        is_error,
        message: message.get("message")?.as_str()?.to_owned(),
        rendered: message.get("rendered")?.as_str()?.to_owned(),
        place: primary.and_then(|span| place(span, &base)),
        suggestions: children.iter().filter_map(|child| suggestion(child, &base)).collect(),
        base,
    })
}

fn is_summary(message: &Value) -> bool {
    let text = message.get("message").and_then(Value::as_str).unwrap_or_default();
    text.starts_with("aborting due to") || text.contains("emitted") || text.starts_with("Some errors have")
}

/// The folder that the compiler's paths begin at: that of the workspace or of the package.
fn base_of(manifest: &Path, spans: &[Value]) -> PathBuf {
    let file = spans.iter().find_map(|span| span.get("file_name")?.as_str());
    let folders = || manifest.ancestors().skip(1);
    let holds = |folder: &&Path| file.is_some_and(|file| folder.join(file).is_file());
    folders().find(holds).or_else(|| folders().next()).unwrap_or(manifest).to_owned()
}

fn place(span: &Value, base: &Path) -> Option<Place> {
    let number = |name| span.get(name)?.as_u64().and_then(|number| u32::try_from(number).ok());
    let file = base.join(span.get("file_name")?.as_str()?);
    Some(Place { file, line: number("line_start")?, column: number("column_start")? })
}

/// Returns the change that a note proposes, if the compiler is sure that it is right.
fn suggestion(child: &Value, base: &Path) -> Option<Suggestion> {
    let spans = child.get("spans")?.as_array()?;
    let is_sure = |span: &&Value| {
        span.get("suggestion_applicability").and_then(Value::as_str) == Some("MachineApplicable")
    };
    // From the end of a line to its beginning, so that columns stay right.
    let mut edits: Vec<&Value> = spans.iter().filter(is_sure).collect();
    edits.sort_by_key(|span| std::cmp::Reverse(span.get("column_start").and_then(Value::as_u64)));
    let mut changes: Vec<ChangedLine> = Vec::new();
    for edit in edits {
        let place = place(edit, base)?;
        let new = edit.get("suggested_replacement")?.as_str()?;
        let column = |name| edit.get(name)?.as_u64().and_then(|column| usize::try_from(column).ok());
        let [line] = edit.get("text")?.as_array()?.as_slice() else { return None };
        let before = line.get("text")?.as_str()?;
        let known = changes
            .iter_mut()
            .find(|change| (&change.place.file, change.place.line) == (&place.file, place.line));
        let text = known.as_ref().map_or(before, |known| &known.after);
        let after = replaced(text, column("column_start")?, column("column_end")?, new);
        match known {
            Some(known) => known.after = after,
            None => changes.push(ChangedLine { place, before: before.to_owned(), after }),
        }
    }
    changes.sort_by_key(|change| change.place.line);
    let message = child.get("message")?.as_str()?.to_owned();
    (!changes.is_empty()).then_some(Suggestion { message, changes })
}

/// Replaces the characters from column `start` up to column `end`, counted from 1.
fn replaced(line: &str, start: usize, end: usize, new: &str) -> String {
    let before = line.chars().take(start.saturating_sub(1));
    let after = line.chars().skip(end.saturating_sub(1));
    before.chain(new.chars()).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(children: &Value) -> String {
        serde_json::json!({
            "reason": "compiler-message", "manifest_path": "/site/Cargo.toml",
            "message": {
                "level": "error", "message": "expected `;`", "rendered": "error: expected `;`\n",
                "spans": [{"file_name": "src/a.rs", "line_start": 3, "column_start": 9, "is_primary": true}],
                "children": children,
            },
        })
        .to_string()
    }

    fn edit(start: u64, end: u64, new: &str, sure: &str) -> Value {
        serde_json::json!({
            "file_name": "src/a.rs", "line_start": 3, "column_start": start, "column_end": end,
            "suggested_replacement": new, "suggestion_applicability": sure,
            "text": [{"text": "let é = (1)"}],
        })
    }

    #[test]
    fn a_sure_suggestion_becomes_a_changed_line() {
        let spans = [edit(9, 10, "", "MachineApplicable"), edit(11, 12, ";", "MachineApplicable")];
        let line = error(&serde_json::json!([{"message": "write this", "spans": spans}]));
        let Some(CargoMessage::Diagnostic(found)) = read(&line) else { panic!("a diagnostic") };
        assert_eq!(found.place, Some(Place { file: "/site/src/a.rs".into(), line: 3, column: 9 }));
        let [suggestion] = found.suggestions.as_slice() else { panic!("one: {:?}", found.suggestions) };
        assert_eq!(suggestion.changes[0].before, "let é = (1)");
        assert_eq!(suggestion.changes[0].after, "let é = 1;");
    }

    #[test]
    fn an_unsure_suggestion_is_left_out() {
        let line =
            error(&serde_json::json!([{"message": "?", "spans": [edit(1, 1, "x", "MaybeIncorrect")]}]));
        let Some(CargoMessage::Diagnostic(found)) = read(&line) else { panic!("a diagnostic") };
        assert!(found.is_error && found.suggestions.is_empty());
    }

    #[test]
    fn a_program_is_found_among_the_artifacts() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/site/Cargo.toml",
            "target":{"kind":["bin"],"name":"site"},"executable":"/t/site"}"#;
        let Some(CargoMessage::Program { name, executable }) = read(line) else { panic!("a program") };
        assert_eq!((name.as_str(), executable), ("site", PathBuf::from("/t/site")));
        assert!(read(r#"{"reason":"build-finished","success":true}"#).is_none());
        assert!(read("not JSON").is_none());
    }
}
