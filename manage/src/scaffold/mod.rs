//! Writes a new project out of `project_template/`, and a new app out of `app/`. Both are embedded in the
//! program.
//!
//! Called by `startproject`, `quickstart` and `startapp`. Name and folder are checked before the first file is written;
//! no file is ever overwritten, and a failure removes the files that were written before it.

use std::path::{Path, PathBuf};

use crate::CommandError;

mod app;
mod dependency;
mod maker;
mod name;
mod secret_key;
mod written_files;

pub(crate) use app::AppScaffold;
use dependency::Dependency;
pub(crate) use maker::Maker;
use written_files::WrittenFiles;

/// The files of `project_template/`: where they go, and their text. Those that end in `.tmpl` there hold
/// placeholders. (`manage/project_template` is a link to it, so that a published crate contains it.)
const FILES: [(&str, &str); 13] = [
    (".gitignore", include_str!("../../project_template/gitignore.tmpl")),
    ("Cargo.toml", include_str!("../../project_template/Cargo.toml.tmpl")),
    ("README.md", include_str!("../../project_template/README.md.tmpl")),
    ("settings.toml", include_str!("../../project_template/settings.toml.tmpl")),
    ("src/main.rs", include_str!("../../project_template/src/main.rs")),
    ("src/tests.rs", include_str!("../../project_template/src/tests.rs")),
    ("src/urls.rs", include_str!("../../project_template/src/urls.rs")),
    ("src/views.rs", include_str!("../../project_template/src/views.rs")),
    ("static/site.css", include_str!("../../project_template/static/site.css")),
    ("static/icon.svg", include_str!("../../project_template/static/icon.svg")),
    ("static/sky.svg", include_str!("../../project_template/static/sky.svg")),
    ("templates/base.html", include_str!("../../project_template/templates/base.html")),
    ("templates/index.html", include_str!("../../project_template/templates/index.html")),
];

/// A new project that can be written: its name is valid, and none of its files exists.
pub(crate) struct Scaffold {
    name: String,
    folder: PathBuf,
    nuages: Dependency,
}

impl Scaffold {
    /// Checks the name and the folder. Without `folder` a new one is made in the current folder, with the name
    /// of the project; `folder` may exist if it holds none of the files.
    pub(crate) fn plan(maker: Maker, name: &str, folder: Option<&Path>) -> Result<Self, CommandError> {
        name::check(maker, name)?;
        let nuages = Dependency::find();
        let scaffold =
            Self { name: name.to_owned(), folder: folder.unwrap_or(Path::new(name)).to_owned(), nuages };
        if folder.is_none() && scaffold.folder.symlink_metadata().is_ok() {
            let hint = match maker.call_in(name, "FOLDER") {
                Some(call) => format!("use another name, or another folder: {call}"),
                None => "use another name".to_owned(),
            };
            return Err(CommandError::new(format!("{name:?} exists already; nothing was written")).hint(hint));
        }
        for (path, _) in scaffold.files()? {
            if scaffold.folder.join(&path).symlink_metadata().is_ok() {
                let taken = scaffold.folder.join(path);
                return Err(CommandError::new(format!(
                    "{} exists already; nothing was written",
                    taken.display()
                ))
                .hint("use a folder that holds no project"));
            }
        }
        Ok(scaffold)
    }

    /// Returns the project's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the files of the project, all or none.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        WrittenFiles::write_all(&self.folder, &self.files()?)
    }

    /// Returns the path of each file below the folder, and its text.
    fn files(&self) -> Result<Vec<(PathBuf, String)>, CommandError> {
        let secret_key = secret_key::random()?;
        let fill = |text: &str| {
            text.replace("{{ project_name }}", &self.name)
                .replace("{{ secret_key }}", &secret_key)
                .replace("{{ nuages }}", &self.nuages.requirement("framework"))
                .replace("{{ nuages_manage }}", &self.nuages.requirement("manage"))
        };
        let of_template = FILES.iter().map(|(path, text)| (PathBuf::from(path), fill(text)));
        let of_checkout = self.nuages.files()?;
        Ok(of_template.chain(of_checkout).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_placeholder_is_filled() {
        let scaffold =
            Scaffold { name: "mysite".into(), folder: "mysite".into(), nuages: Dependency::Published };
        for (path, text) in scaffold.files().expect("the files") {
            if !path.starts_with("templates") {
                assert!(!text.contains("{{ "), "{}", path.display());
            }
        }
    }

    #[test]
    fn every_file_of_the_template_is_written() {
        fn count(folder: &Path) -> usize {
            let entries =
                fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("project_template");
        assert_eq!(count(&template), FILES.len());
    }
}
