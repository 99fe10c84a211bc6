//! Where an error came from, for the debug page: the place in the project's source, the lines around it, and
//! the calls that led there.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    error::{CodePlace, Frame, is_of_the_framework},
    templates::escape,
};

/// How many lines are shown before the line of the error, and after it.
const AROUND: usize = 3;
/// How many folders above the project are searched: a project in a workspace is built in its root.
const FOLDERS_ABOVE: usize = 3;
/// How many calls are shown.
const MAX_CALLS: usize = 60;

/// The place and the call stack of an error.
pub(super) struct ErrorOrigin {
    /// The innermost place in the project's source, and its file.
    found: Option<(CodePlace, PathBuf)>,
    /// The place of an error that comes from no file of the project.
    elsewhere: Option<CodePlace>,
    frames: Vec<Frame>,
    project: PathBuf,
}

impl ErrorOrigin {
    /// Looks for the project's files in `project` and above it.
    pub(super) fn of(error: &Error, project: &Path) -> Self {
        let project = &std::path::absolute(project).unwrap_or_else(|_| project.to_owned());
        let place = error.trace().place();
        let frames = error.trace().frames();
        let in_project = |place: &CodePlace| Some((place.clone(), file_of(place, project)?));
        let found = in_project(&place).or_else(|| frames.iter().find_map(|frame| in_project(&frame.place)));
        let elsewhere = Some(place).filter(|place| found.is_none() && !is_of_the_framework(&place.file));
        Self { found, elsewhere, frames, project: project.to_owned() }
    }

    /// `src/views.rs:12:5`, if it is known.
    pub(super) fn place(&self) -> Option<String> {
        let place = self.found.as_ref().map(|(place, _)| place).or(self.elsewhere.as_ref())?;
        Some(self.shown(place))
    }

    /// The place with its path from the project's folder, where it lies in that.
    fn shown(&self, place: &CodePlace) -> String {
        let file = Path::new(&place.file);
        let file = file.strip_prefix(&self.project).unwrap_or(file);
        format!("{}:{}:{}", file.display(), place.line, place.column)
    }

    /// The sections of the page.
    pub(super) fn html(&self) -> String {
        let mut page = String::new();
        if let Some(place) = self.place() {
            let _ = writeln!(page, "<h2>Where</h2>\n<p class=\"place\"><code>{}</code></p>", escape(&place));
        }
        if let Some((place, file)) = &self.found {
            excerpt(&mut page, file, place.line as usize);
        }
        self.calls(&mut page);
        page
    }

    fn calls(&self, page: &mut String) {
        if self.frames.is_empty() {
            return;
        }
        let own: Vec<&Frame> =
            self.frames.iter().filter(|frame| file_of(&frame.place, &self.project).is_some()).collect();
        let row = |page: &mut String, frame: &Frame| {
            let Frame { function, place } = frame;
            let (function, file) = (escape(function), escape(&place.file));
            let _ =
                writeln!(page, "<li>{function}<br><code>{file}:{}:{}</code></li>", place.line, place.column);
        };
        // A single call is that of the place above.
        if own.len() > 1 {
            page.push_str("<h2>Calls in this project</h2>\n<ol>\n");
            own.iter().take(MAX_CALLS).for_each(|frame| row(page, frame));
            page.push_str("</ol>\n");
        }
        let _ = write!(page, "<details><summary>All {} calls</summary>\n<ol>\n", self.frames.len());
        self.frames.iter().take(MAX_CALLS).for_each(|frame| row(page, frame));
        page.push_str("</ol>\n</details>\n");
    }
}

/// The source file of a place, if it belongs to the project.
fn file_of(place: &CodePlace, project: &Path) -> Option<PathBuf> {
    let file = Path::new(&place.file);
    let foreign = ["/rustc/", "/.cargo/registry/", "/.cargo/git/"];
    if is_of_the_framework(&place.file) || foreign.iter().any(|part| place.file.contains(part)) {
        return None;
    }
    if file.is_absolute() {
        return (file.starts_with(project) && file.is_file()).then(|| file.to_owned());
    }
    project.ancestors().take(1 + FOLDERS_ABOVE).map(|folder| folder.join(file)).find(|file| file.is_file())
}

fn excerpt(page: &mut String, file: &Path, line: usize) {
    // The file may have changed, or may be gone: then there is nothing to show.
    let Ok(text) = fs::read_to_string(file) else { return };
    let first = line.saturating_sub(AROUND).max(1);
    page.push_str("<pre>");
    for (number, text) in (1..).zip(text.lines()).skip(first - 1).take(2 * AROUND + 1) {
        let here = if number == line { " class=\"here\"" } else { "" };
        let _ = write!(page, "<span{here}><i>{number}</i>{}</span>", escape(text));
    }
    page.push_str("</pre>\n");
}
