//! Text of a terminal as HTML: colours become classes, and places become links to the editor.

use std::path::Path;

use super::{
    ansi::{self, Look, TextRun},
    editor::Editor,
    layout::escape,
};
use crate::dev_server::fault::Place;

/// Returns the text as the content of a `pre` element. Relative paths begin at `base`.
pub(super) fn html(text: &str, base: &Path, editor: &Editor) -> String {
    let lines = ansi::lines(text.trim_end());
    let lines: Vec<String> = lines.iter().map(|runs| line(runs, base, editor)).collect();
    lines.join("\n")
}

fn line(runs: &[TextRun], base: &Path, editor: &Editor) -> String {
    let plain: String = runs.iter().map(|run| run.text.as_str()).collect();
    let found = find_place(&plain, base);
    let link = found.as_ref().and_then(|(_, _, place)| editor.link(place));
    let Some(((start, end, _), link)) = found.zip(link) else {
        return runs.iter().map(|run| span(run.look, &run.text)).collect();
    };
    let mut html = String::new();
    let mut at = 0;
    for run in runs {
        let length = run.text.len();
        // The part of this run before, in and after the place.
        let cut = |place: usize| place.saturating_sub(at).min(length);
        let (before, after) = (cut(start), cut(end));
        html += &span(run.look, &run.text[..before]);
        if before < after {
            html +=
                &format!("<a href=\"{}\">{}</a>", escape(&link), span(run.look, &run.text[before..after]));
        }
        html += &span(run.look, &run.text[after..]);
        at += length;
    }
    html
}

/// Finds `--> src/views.rs:12:5`, `::: …` and `panicked at src/main.rs:3:9:`, with where it begins and ends.
fn find_place(line: &str, base: &Path) -> Option<(usize, usize, Place)> {
    let marks = ["--> ", "::: ", "panicked at "];
    let start = marks.iter().find_map(|mark| line.find(mark).map(|place| place + mark.len()))?;
    let word = line[start..].trim_end().trim_end_matches(':');
    let mut parts = word.rsplitn(3, ':');
    let (column, number, file) = (parts.next()?, parts.next()?, parts.next()?);
    let place = Place { file: base.join(file), line: number.parse().ok()?, column: column.parse().ok()? };
    Some((start, start + word.len(), place))
}

fn span(look: Look, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = escape(text);
    let mut classes = Vec::new();
    let flags = [(look.bold, "b"), (look.dim, "d"), (look.italic, "i"), (look.underline, "u")];
    classes.extend(flags.iter().filter(|(on, _)| *on).map(|(_, class)| (*class).to_owned()));
    classes.extend(look.color.map(|color| format!("c{color}")));
    if classes.is_empty() { text } else { format!("<span class=\"{}\">{text}</span>", classes.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_compilers_text_is_found() {
        let found = |line| find_place(line, Path::new("/site")).map(|(_, _, place)| place);
        let place = Place { file: "/site/src/views.rs".into(), line: 12, column: 5 };
        assert_eq!(found("  --> src/views.rs:12:5"), Some(place.clone()));
        assert_eq!(found("thread 'main' panicked at src/views.rs:12:5:"), Some(place));
        assert_eq!(found("12 |     let x = 1;"), None);
    }

    #[test]
    fn text_is_escaped_and_coloured() {
        let html = html("\u{1b}[1m<b>\u{1b}[0m & 'x'", Path::new("/"), &Editor::default());
        assert_eq!(html, "<span class=\"b\">&lt;b&gt;</span> &amp; &#39;x&#39;");
    }
}
