//! A project with migrations and an SQLite database, for the tests of migrations.

use std::{fs, path::Path};

use nuages::{
    db::Database,
    migrations::{Direction, MigrationError, MigrationEvent, Migrations, Mode},
    settings::Settings,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::site::{SQLITE, default_database, settings_in};

/// A project's folder with an SQLite database.
pub struct Site {
    pub folder: TempDir,
    pub database: Database,
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = open(folder.path());
        Self { folder, database }
    }

    pub fn write(&self, file: &str, sql: &str) -> &Self {
        let path = self.folder.path().join("migrations").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        fs::write(path, sql).expect("writes");
        self
    }

    pub fn discover(&self) -> Result<Migrations, MigrationError> {
        Migrations::discover(&settings(self.folder.path()))
    }

    /// `migrate app name`: what happened, as lines.
    pub async fn migrate(
        &self,
        app: Option<&str>,
        name: Option<&str>,
    ) -> Result<Vec<String>, MigrationError> {
        self.run(app, name, Mode::Run).await
    }

    pub async fn run(
        &self,
        app: Option<&str>,
        name: Option<&str>,
        mode: Mode,
    ) -> Result<Vec<String>, MigrationError> {
        let migrations = self.discover()?;
        let target = migrations.target(app, name)?;
        let mut lines = Vec::new();
        migrations
            .apply(&self.database, &target, mode, &mut |event| {
                if let MigrationEvent::Finished(step, outcome) = event {
                    let sign = if step.direction == Direction::Forwards { '+' } else { '-' };
                    lines.push(format!("{sign}{} {outcome:?}", step.migration));
                }
            })
            .await?;
        Ok(lines)
    }

    pub async fn applied(&self) -> Vec<String> {
        let state = self.discover().expect("finds").state(&self.database).await.expect("reads");
        state.into_iter().filter(|row| row.1.is_some()).map(|row| row.0.to_string()).collect()
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.folder.path().join("db.sqlite3")).expect("opens")
    }

    pub fn tables(&self) -> Vec<String> {
        self.schema().into_iter().map(|(name, _)| name).collect()
    }

    pub fn schema(&self) -> Vec<(String, String)> {
        self.connect()
            .prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            .expect("prepares")
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("queries")
            .collect::<Result<_, _>>()
            .expect("reads")
    }
}

pub fn settings(folder: &Path) -> Settings {
    settings_in(folder, SQLITE)
}

pub fn open(folder: &Path) -> Database {
    default_database(&settings(folder))
}
