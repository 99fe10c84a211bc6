//! Shows a fault as HTML and as text.

use std::path::{Path, PathBuf};

use super::{ansi, editor::Editor, layout::escape, source};
use crate::dev_server::{
    fault::{Diagnostic, Fault, Place, Suggestion},
    protocol::StartFailure,
};

/// How many errors are shown: later ones often follow from the first.
const MAX_SHOWN: usize = 20;

/// Returns the content of the page.
pub(super) fn body(fault: &Fault, editor: &Editor) -> String {
    match fault {
        Fault::Compile(found) => {
            let shown: String =
                found.iter().take(MAX_SHOWN).map(|found| compile_error(found, editor)).collect();
            match found.len().saturating_sub(MAX_SHOWN) {
                0 => shown,
                rest => format!("{shown}<p class=\"note\">{rest} more in the terminal.</p>"),
            }
        }
        Fault::Cargo(text) | Fault::Migrate(text) => terminal(text, editor),
        Fault::Start(failure) => start_failure(failure, editor),
        Fault::Ended(ended) => {
            let said = if ended.stderr.trim().is_empty() {
                "<p>It wrote nothing on stderr.</p>".to_owned()
            } else {
                terminal(&ended.stderr, editor)
            };
            format!("<p>It ended with <code>{}</code>.</p>{said}", escape(&ended.status))
        }
    }
}

/// Returns the text for clients other than browsers.
pub(crate) fn fault_text(fault: &Fault) -> String {
    let details = match fault {
        Fault::Compile(found) => found
            .iter()
            .take(MAX_SHOWN)
            .map(|found| ansi::plain(&found.rendered))
            .collect::<Vec<_>>()
            .join(""),
        Fault::Cargo(text) | Fault::Migrate(text) => ansi::plain(text),
        Fault::Start(failure) => {
            let hint = failure.hint.as_ref().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
            format!("{}\n{hint}", failure.error)
        }
        Fault::Ended(ended) => format!("{}\n{}", ended.status, ansi::plain(&ended.stderr)),
    };
    format!("{}\n\n{}\n", fault.title(), details.trim_end())
}

fn compile_error(found: &Diagnostic, editor: &Editor) -> String {
    let place = found.place.as_ref().map(|place| place_line(place, &found.base, editor)).unwrap_or_default();
    let suggestions: String = found.suggestions.iter().map(suggestion).collect();
    format!(
        "<section><h2>{}</h2>{place}<pre class=\"rustc\" tabindex=\"0\">{}</pre>{suggestions}</section>",
        escape(&found.message),
        source::html(&found.rendered, &found.base, editor)
    )
}

fn place_line(place: &Place, base: &Path, editor: &Editor) -> String {
    let file = place.file.strip_prefix(base).unwrap_or(&place.file).display();
    let text = escape(&format!("{file}:{}:{}", place.line, place.column));
    match editor.link(place) {
        Some(link) => format!("<p class=\"place\"><a href=\"{}\">{text}</a></p>", escape(&link)),
        None => format!("<p class=\"place\">{text}</p>"),
    }
}

/// The change that the compiler proposes, as a diff.
fn suggestion(suggestion: &Suggestion) -> String {
    let mut lines = String::new();
    for change in &suggestion.changes {
        lines += &format!("<del>{}</del>", escape(&format!("{:>4} - {}", change.place.line, change.before)));
        for after in change.after.lines() {
            lines += &format!("<ins>{}</ins>", escape(&format!("{:>4} + {after}", change.place.line)));
        }
    }
    format!(
        "<figure><figcaption>The compiler suggests: {}</figcaption><pre class=\"diff\" tabindex=\"0\">{lines}</pre></figure>",
        escape(&suggestion.message)
    )
}

fn start_failure(failure: &StartFailure, editor: &Editor) -> String {
    let hint = failure.hint.as_ref();
    let hint = hint.map(|hint| format!("<p class=\"hint\">{}</p>", in_code(hint))).unwrap_or_default();
    format!(
        "<pre class=\"said\" tabindex=\"0\">{}</pre>{hint}",
        source::html(&failure.error, &here(), editor)
    )
}

/// Text in backticks becomes code.
fn in_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(
            |(number, part)| {
                if number % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }
            },
        )
        .collect()
}

fn terminal(text: &str, editor: &Editor) -> String {
    format!("<pre class=\"rustc\" tabindex=\"0\">{}</pre>", source::html(text, &here(), editor))
}

/// The folder that paths of the program begin at: it runs where this process runs.
fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}
