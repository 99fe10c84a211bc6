//! Writes a new project out of `project_template/`, which is embedded in the program.
//!
//! Called by `startproject` and `quickstart`. Name and folder are checked before the first file is written;
//! no file is ever overwritten, and a failure removes the files that were written before it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::CommandError;

mod dependency;
mod maker;
mod name;
mod secret_key;

use dependency::Dependency;
pub(crate) use maker::Maker;

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
        let mut written = WrittenFiles::default();
        for (path, text) in self.files()? {
            let path = self.folder.join(path);
            written.file(&path, &text).map_err(|error| {
                CommandError::because(format!("{} cannot be written", path.display()), error)
                    .hint("the files that had been written are removed again")
            })?;
        }
        written.keep();
        Ok(())
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

/// The files and folders that were written so far. Dropped before `keep`, it removes them.
#[derive(Default)]
struct WrittenFiles {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl WrittenFiles {
    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.folder(above)?;
        }
        fs::create_dir(folder)?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for WrittenFiles {
    fn drop(&mut self) {
        // The caller reports the error that led here. A file that cannot be removed stays.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
