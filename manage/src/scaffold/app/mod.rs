//! Writes a new app of a project: a Rust module with URLs, views and tests, and a template.

use std::path::{Path, PathBuf};

use super::{name, written_files::WrittenFiles};
use crate::CommandError;

/// The files of an app: where they go, and their text. `{{ app_name }}` stands for the name in both.
const FILES: [(&str, &str); 5] = [
    ("src/{{ app_name }}/mod.rs", include_str!("mod.rs.tmpl")),
    ("src/{{ app_name }}/tests.rs", include_str!("tests.rs.tmpl")),
    ("src/{{ app_name }}/urls.rs", include_str!("urls.rs.tmpl")),
    ("src/{{ app_name }}/views.rs", include_str!("views.rs.tmpl")),
    ("templates/{{ app_name }}/index.html", include_str!("index.html.tmpl")),
];
/// Modules that `startproject` writes.
const MODULES: [&str; 4] = ["main", "tests", "urls", "views"];

/// A new app that can be written: its name is valid, and none of its files exists.
pub(crate) struct AppScaffold {
    project: PathBuf,
    files: Vec<(PathBuf, String)>,
}

impl AppScaffold {
    /// Checks the name, and that the project in this folder has no such module.
    ///
    /// # Errors
    ///
    /// Where the name is no module's, or a file of the app exists.
    pub(crate) fn plan(project: &Path, app: &str) -> Result<Self, CommandError> {
        if let Some(objection) = objection(app) {
            return Err(CommandError::new(format!("{app:?} cannot be an app's name: {objection}"))
                .hint("use a name such as `blog`"));
        }
        let fill = |text: &str| text.replace("{{ app_name }}", app);
        let files: Vec<_> =
            FILES.iter().map(|(path, text)| (PathBuf::from(fill(path)), fill(text))).collect();
        let module = PathBuf::from(format!("src/{app}.rs"));
        for path in files.iter().map(|(path, _)| path).chain([&module]) {
            if project.join(path).symlink_metadata().is_ok() {
                let message = format!("{} exists already; nothing was written", path.display());
                return Err(CommandError::new(message).hint("use another name"));
            }
        }
        Ok(Self { project: project.to_owned(), files })
    }

    /// Writes the files of the app, all or none.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        WrittenFiles::write_all(&self.project, &self.files)
    }
}

/// Returns why the name is invalid, if it is. The name is a Rust module's.
fn objection(app: &str) -> Option<&'static str> {
    if MODULES.contains(&app) {
        Some("the project has a module of this name")
    } else if app.contains('-') || app.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some("the name of a Rust module has only lower-case ASCII letters, digits and `_`")
    } else {
        name::objection(app)
    }
}
