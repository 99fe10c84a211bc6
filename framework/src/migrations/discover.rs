//! Finds migrations: those of the built-in apps in this program, those of a project in its folder `migrations`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Migration, MigrationError, Migrations,
    migration::{ExpectedTable, Scripts, Text},
};
use crate::settings::{DatabaseEngine, Settings};

/// A migration file of a built-in app.
struct BuiltIn {
    app: &'static str,
    /// The file name, in the same form as in a project.
    file: &'static str,
    sql: &'static str,
}

/// The files of all built-in migrations. A new one is added here.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        app: "sessions",
        file: "0001_initial.sqlite.sql",
        sql: include_str!("sql/sessions/0001_initial.sqlite.sql"),
    },
    BuiltIn {
        app: "sessions",
        file: "0001_initial.postgresql.sql",
        sql: include_str!("sql/sessions/0001_initial.postgresql.sql"),
    },
    BuiltIn {
        app: "sessions",
        file: "0001_initial.down.sql",
        sql: include_str!("sql/sessions/0001_initial.down.sql"),
    },
];

/// Tables of built-in apps that may exist without a record of their migration.
const TABLES: &[(&str, &str, ExpectedTable)] = &[(
    "sessions",
    "0001_initial",
    ExpectedTable { name: "django_session", columns: &["expire_date", "session_data", "session_key"] },
)];

/// The parts of a file name.
struct FileName<'a> {
    name: &'a str,
    number: u32,
    engine: Option<DatabaseEngine>,
    down: bool,
}

/// The migrations of one app by name, while its files are read.
#[derive(Default)]
struct App(BTreeMap<String, (u32, Scripts, Scripts)>);

impl Migrations {
    /// Finds the migrations of the built-in apps and those in the folder `migrations` beside the settings.
    ///
    /// The migration `0001_initial` of a project's app `blog` is the file
    /// `migrations/blog/0001_initial.sql`, or one file for each engine: `0001_initial.sqlite.sql` and
    /// `0001_initial.postgresql.sql`. `0001_initial.down.sql` (or `0001_initial.sqlite.down.sql`) undoes
    /// it. A migration without such a file cannot be undone.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, a name has another form, or two migrations of an app have the same
    /// number.
    pub fn discover(settings: &Settings) -> Result<Self, MigrationError> {
        let mut all = built_in()?;
        let folder = settings.base_dir.join("migrations");
        for (path, app) in folders(&folder)? {
            if BUILT_IN.iter().any(|file| file.app == app) {
                return Err(MigrationError::BuiltIn { path, app });
            }
            all.extend(of_project(&path, &app)?);
        }
        Ok(Self { all })
    }
}

fn built_in() -> Result<Vec<Migration>, MigrationError> {
    let mut apps: Vec<&str> = BUILT_IN.iter().map(|file| file.app).collect();
    apps.dedup();
    let mut all = Vec::new();
    for label in apps {
        let mut app = App::default();
        for file in BUILT_IN.iter().filter(|file| file.app == label) {
            app.add(Path::new(file.file), file.file, file.sql.into())?;
        }
        all.extend(app.finish(label, Path::new(label))?);
    }
    Ok(all)
}

fn of_project(folder: &Path, label: &str) -> Result<Vec<Migration>, MigrationError> {
    let mut app = App::default();
    for path in entries(folder)? {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        // Other files, such as notes and backups of editors, are skipped.
        if file.starts_with('.') || !file.ends_with(".sql") || !path.is_file() {
            continue;
        }
        let sql = fs::read_to_string(&path)
            .map_err(|source| MigrationError::Read { path: path.clone(), source })?;
        app.add(&path, file, sql.into())?;
    }
    app.finish(label, folder)
}

impl App {
    fn add(
        &mut self,
        path: &Path,
        file: &str,
        sql: std::borrow::Cow<'static, str>,
    ) -> Result<(), MigrationError> {
        let file = FileName::parse(file).ok_or_else(|| MigrationError::FileName { path: path.to_owned() })?;
        let (_, up, down) = self
            .0
            .entry(file.name.to_owned())
            .or_insert_with(|| (file.number, Scripts::default(), Scripts::default()));
        *if file.down { down } else { up }.slot(file.engine) = Some(sql);
        Ok(())
    }

    fn finish(self, app: &str, folder: &Path) -> Result<Vec<Migration>, MigrationError> {
        let mut all: Vec<Migration> = Vec::with_capacity(self.0.len());
        for (name, (number, up, down)) in self.0 {
            if up.is_empty() {
                return Err(MigrationError::OnlyDown { path: folder.join(format!("{name}.down.sql")), name });
            }
            let table = TABLES.iter().find(|(of, named, _)| *of == app && *named == name).map(|row| row.2);
            all.push(Migration::new(Text { app: app.to_owned(), name, number, up, down, table }));
        }
        all.sort_by_key(Migration::number);
        if let Some([first, second]) = all.array_windows().find(|[a, b]| a.number() == b.number()) {
            return Err(MigrationError::DuplicateNumber {
                app: app.to_owned(),
                first: first.name().to_owned(),
                second: second.name().to_owned(),
            });
        }
        Ok(all)
    }
}

impl<'a> FileName<'a> {
    /// Parses `NNNN_name[.sqlite|.postgresql][.down].sql`.
    fn parse(file: &'a str) -> Option<Self> {
        let rest = file.strip_suffix(".sql")?;
        let (rest, down) = match rest.strip_suffix(".down") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (name, engine) = match rest.split_once('.') {
            None => (rest, None),
            Some((name, "sqlite")) => (name, Some(DatabaseEngine::Sqlite)),
            Some((name, "postgresql")) => (name, Some(DatabaseEngine::Postgresql)),
            Some(_) => return None,
        };
        let (number, words) = name.split_once('_')?;
        let fits = number.len() >= 4
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !words.is_empty()
            && words.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !fits {
            return None;
        }
        Some(Self { name, number: number.parse().ok()?, engine, down })
    }
}

/// The folders in `folder` and their names, sorted. None where `folder` is missing.
fn folders(folder: &Path) -> Result<Vec<(PathBuf, String)>, MigrationError> {
    let mut apps = Vec::new();
    for path in entries(folder)? {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
        if !fits || name.is_empty() {
            return Err(MigrationError::AppName { path });
        }
        apps.push((path.clone(), name.to_owned()));
    }
    Ok(apps)
}

/// The paths in `folder`, sorted. None where it is missing.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, MigrationError> {
    let read = |source| MigrationError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(read(error)),
    };
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>().map_err(read)?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_read_or_refused() {
        let parse = |file| {
            FileName::parse(file).map(|name| (name.name.to_owned(), name.number, name.engine, name.down))
        };
        assert_eq!(parse("0001_initial.sql"), Some(("0001_initial".into(), 1, None, false)));
        assert_eq!(parse("0012_a_B2.down.sql"), Some(("0012_a_B2".into(), 12, None, true)));
        let postgresql = Some(DatabaseEngine::Postgresql);
        assert_eq!(parse("0001_x.postgresql.down.sql"), Some(("0001_x".into(), 1, postgresql, true)));
        for bad in
            ["1_x.sql", "0001.sql", "0001_.sql", "0001_x.mysql.sql", "0001_x y.sql", "x.sql", "0001-x.sql"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
