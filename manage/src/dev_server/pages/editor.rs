//! Links that open a file in the developer's editor.

use std::{env, path::Path};

use crate::dev_server::fault::Place;

/// The variable that names the editor, or gives the form of its links.
const EDITOR: &str = "NUAGES_EDITOR";
/// The variable that says where the developer's machine has the files of this one: `/app=/home/me/app`.
const PATHS: &str = "NUAGES_EDITOR_PATHS";

/// The form of the links of an editor.
const KNOWN: [(&[&str], &str); 9] = [
    (&["vscode", "code"], "vscode://file{path}:{line}:{column}"),
    (&["vscode-insiders", "code-insiders"], "vscode-insiders://file{path}:{line}:{column}"),
    (&["vscodium", "codium"], "vscodium://file{path}:{line}:{column}"),
    (&["cursor"], "cursor://file{path}:{line}:{column}"),
    (&["windsurf"], "windsurf://file{path}:{line}:{column}"),
    (&["zed"], "zed://file{path}:{line}:{column}"),
    (&["rustrover", "idea", "clion"], "{name}://open?file={path}&line={line}&column={column}"),
    (&["sublime", "subl"], "subl://open?url=file://{path}&line={line}&column={column}"),
    (&["textmate", "mate"], "txmt://open?url=file://{path}&line={line}&column={column}"),
];

/// How files are opened from a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Editor {
    /// With `{path}`, `{line}` and `{column}`. Without it, places are not links.
    form: Option<String>,
    /// What the beginning of a path is replaced by.
    paths: Vec<(String, String)>,
}

impl Editor {
    /// Reads `NUAGES_EDITOR` and `NUAGES_EDITOR_PATHS`. Without the first, the editor in whose terminal the server
    /// runs, if that is known.
    pub(super) fn from_environment() -> Self {
        let variable = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
        let named = variable(EDITOR).or_else(|| {
            let terminal = variable("TERM_PROGRAM")?;
            let is_cursor = env::var_os("CURSOR_TRACE_ID").is_some();
            (terminal == "vscode" || terminal == "zed")
                .then(|| if is_cursor { "cursor".to_owned() } else { terminal })
        });
        Self::new(named.as_deref(), variable(PATHS).as_deref())
    }

    fn new(name: Option<&str>, paths: Option<&str>) -> Self {
        let form = name.and_then(|name| {
            if name.contains("{path}") {
                // A link that runs a script in the page is no link to an editor.
                return (!name.trim_start().to_ascii_lowercase().starts_with("javascript:"))
                    .then(|| name.to_owned());
            }
            let (_, form) = KNOWN.iter().find(|(names, _)| names.contains(&name))?;
            Some(form.replace("{name}", name))
        });
        let pairs = paths.unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
        let paths = pairs.map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned())).collect();
        Self { form, paths }
    }

    /// Returns the link to a place.
    pub(super) fn link(&self, place: &Place) -> Option<String> {
        let form = self.form.as_ref()?;
        let path = self.mapped(&place.file);
        Some(
            form.replace("{path}", &encoded(&path))
                .replace("{line}", &place.line.to_string())
                .replace("{column}", &place.column.to_string()),
        )
    }

    fn mapped(&self, file: &Path) -> String {
        let path = file.to_string_lossy().into_owned();
        let fits = |(from, _): &&(String, String)| {
            path.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.paths.iter().find(fits) {
            Some((from, to)) => format!("{to}{}", &path[from.len()..]),
            None => path,
        }
    }
}

/// Encodes a path for a URL. Slashes stay.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(editor: &str, paths: &str) -> Option<String> {
        let place = Place { file: "/app/src/my views.rs".into(), line: 3, column: 9 };
        Editor::new(Some(editor), Some(paths)).link(&place)
    }

    #[test]
    fn known_editors_and_forms_make_links() {
        assert_eq!(link("code", "").as_deref(), Some("vscode://file/app/src/my%20views.rs:3:9"));
        let idea = "rustrover://open?file=/app/src/my%20views.rs&line=3&column=9";
        assert_eq!(link("rustrover", "").as_deref(), Some(idea));
        assert_eq!(link("ed://{path}#{line}", "").as_deref(), Some("ed:///app/src/my%20views.rs#3"));
        assert_eq!(link("vim", ""), None);
        assert_eq!(link("javascript:alert('{path}')", ""), None);
    }

    #[test]
    fn paths_are_mapped_to_the_developers_machine() {
        let mapped = link("zed", "/other=/x, /app=/home/me/site");
        assert_eq!(mapped.as_deref(), Some("zed://file/home/me/site/src/my%20views.rs:3:9"));
        assert_eq!(link("zed", "/ap=/x").as_deref(), Some("zed://file/app/src/my%20views.rs:3:9"));
    }
}
