//! Writes a new project out of `project_template/`, which is embedded in the program.
//!
//! Called by `startproject` and `quickstart`. Everything is checked before the first file is written;
//! no file is ever overwritten, and what was written before a failure is taken away again.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::CommandError;

mod name;
mod secret_key;
mod source;

use source::Source;

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

/// A project that can be written: its name is sound and its place is free.
pub(crate) struct Scaffold {
    name: String,
    folder: PathBuf,
    source: Source,
}

impl Scaffold {
    /// Checks name and place: a folder of that name in the current one, or `folder`, which may exist so long
    /// as it holds none of the files.
    pub(crate) fn plan(name: &str, folder: Option<&Path>) -> Result<Self, CommandError> {
        name::check(name)?;
        let source = Source::find();
        let scaffold =
            Self { name: name.to_owned(), folder: folder.unwrap_or(Path::new(name)).to_owned(), source };
        if folder.is_none() && scaffold.folder.symlink_metadata().is_ok() {
            return Err(CommandError::new(format!("{name:?} exists already; nothing was written"))
                .hint(format!("take another name, or another folder: `manage startproject {name} FOLDER`")));
        }
        for (path, _) in scaffold.files()? {
            if scaffold.folder.join(&path).symlink_metadata().is_ok() {
                let taken = scaffold.folder.join(path);
                return Err(CommandError::new(format!(
                    "{} exists already; nothing was written",
                    taken.display()
                ))
                .hint("take a folder that holds no project"));
            }
        }
        Ok(scaffold)
    }

    /// The project's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the project.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        let mut written = Written::default();
        for (path, text) in self.files()? {
            let path = self.folder.join(path);
            written.file(&path, &text).map_err(|error| {
                CommandError::because(format!("{} cannot be written", path.display()), error)
                    .hint("what had been written was taken away again")
            })?;
        }
        written.keep();
        Ok(())
    }

    /// Each file's path below the folder, and its text.
    fn files(&self) -> Result<Vec<(PathBuf, String)>, CommandError> {
        let secret_key = secret_key::random()?;
        let fill = |text: &str| {
            text.replace("{{ project_name }}", &self.name)
                .replace("{{ secret_key }}", &secret_key)
                .replace("{{ nuages }}", &self.source.dependency("framework"))
                .replace("{{ nuages_manage }}", &self.source.dependency("manage"))
        };
        let of_template = FILES.iter().map(|(path, text)| (PathBuf::from(path), fill(text)));
        let of_checkout = self.source.files()?;
        Ok(of_template.chain(of_checkout).collect())
    }
}

/// What was written so far; dropped before `keep`, it is taken away again.
#[derive(Default)]
struct Written {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Written {
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

impl Drop for Written {
    fn drop(&mut self) {
        // The error that led here is the one to tell; a file that cannot be removed stays, and is seen.
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
        let scaffold = Scaffold { name: "mysite".into(), folder: "mysite".into(), source: Source::Published };
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
