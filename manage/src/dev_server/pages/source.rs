//! Text of a terminal as HTML: colours become classes, and places become links to the editor.

use std::path::{Path, PathBuf};

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

/// Finds the first place, such as `src/views.rs:12:5` or `index.html:3`, whose file exists; with where it begins
/// and ends.
fn find_place(line: &str, base: &Path) -> Option<(usize, usize, Place)> {
    line.split_ascii_whitespace().find_map(|word| {
        let text = word.trim_end_matches([':', ',', '.']);
        let place = read_place(text, base)?;
        let start = word.as_ptr().addr() - line.as_ptr().addr();
        Some((start, start + text.len(), place))
    })
}

fn read_place(text: &str, base: &Path) -> Option<Place> {
    let (rest, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let with_column = rest.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?, last)));
    let (file, line, column) = with_column.unwrap_or((rest, last, 1));
    let file: PathBuf = base.join(file).components().collect();
    file.is_file().then_some(Place { file, line, column })
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
    fn a_place_in_a_file_that_exists_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("main.rs");
        std::fs::write(&file, "").expect("written");
        let found = |line: &str| {
            let (start, end, place) = find_place(line, folder.path())?;
            assert_eq!(place.file, file);
            Some((line[start..end].to_owned(), place.line, place.column))
        };
        let place = |text: &str, line, column| Some((text.to_owned(), line, column));
        assert_eq!(found("  --> main.rs:12:5"), place("main.rs:12:5", 12, 5));
        assert_eq!(found("thread 'main' panicked at main.rs:12:5:"), place("main.rs:12:5", 12, 5));
        assert_eq!(found("      at ./main.rs:7:3"), place("./main.rs:7:3", 7, 3));
        assert_eq!(found("main.rs:7: no such setting"), place("main.rs:7", 7, 1));
        assert_eq!(found("12 |     let x = a::b(other.rs:1:1);"), None);
    }

    #[test]
    fn text_is_escaped_and_coloured() {
        let html = html("\u{1b}[1m<b>\u{1b}[0m & 'x'", Path::new("/"), &Editor::default());
        assert_eq!(html, "<span class=\"b\">&lt;b&gt;</span> &amp; &#39;x&#39;");
    }
}
