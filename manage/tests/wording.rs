//! The wording of help texts and errors, held by snapshots: a change of it is seen in review.
//!
//! The snapshots are in `snapshots/`. `INSTA_UPDATE=always cargo test -p nuages-manage --test wording` accepts
//! a new wording.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use support::{manage, ok, run};
use tempfile::TempDir;

/// Compares a text with its snapshot.
fn assert_wording(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A folder, with settings if they are given.
struct Folder(TempDir);

impl Folder {
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn with_settings(more: &str) -> Self {
        let folder = Self::empty();
        let key = "k".repeat(50);
        let settings = format!(
            "DEBUG = true\nSECRET_KEY = \"{key}\"\n{more}\n\
             [DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"\n"
        );
        folder.write("settings.toml", &settings);
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        fs::write(file, text).expect("written");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What the commands print, as on a terminal. The folder's path is `/folder`.
    fn transcript(&self, commands: &[&str]) -> String {
        let mut text = String::new();
        for args in commands {
            let said = run(manage(self.path(), args));
            let code = said.code.expect("an exit code");
            text += &format!("$ manage {args}\n{}{}exit code {code}\n\n", said.out, said.err);
        }
        let path = fs::canonicalize(self.path()).unwrap_or_else(|_| PathBuf::from(self.path()));
        text.replace(&path.display().to_string(), "/folder")
    }
}

#[test]
fn the_help_of_every_command() {
    let folder = Folder::empty();
    let help = |words: &str| ok(manage(folder.path(), &format!("help {words}")));
    assert_wording("help", &help(""));
    for command in manage::commands() {
        let name = command.get_name();
        assert_wording(&format!("help_{name}"), &help(name));
        for subcommand in command.get_subcommands() {
            let words = format!("{name} {}", subcommand.get_name());
            assert_wording(&format!("help_{name}_{}", subcommand.get_name()), &help(&words));
        }
    }
}

#[test]
fn wrong_usage() {
    let commands =
        ["shell", "migrat", "clearsessions --al", "-v 9 version", "startproject", "completions bsh"];
    let sessions = ["sessions revoke", "sessions show", "sessions list --page 0"];
    let text = Folder::empty().transcript(&[&commands[..], &sessions].concat());
    assert_wording("wrong_usage", &text);
}

#[test]
fn no_project() {
    let text = Folder::empty().transcript(&[
        "migrate",
        "runserver",
        "check",
        "clearsessions",
        "sessions list",
        "diffsettings --settings none.toml",
    ]);
    assert_wording("no_project", &text);
}

#[test]
fn names_and_folders_of_new_projects() {
    let folder = Folder::empty();
    folder.write("there/README.md", "mine");
    folder.write("file", "");
    let text = folder.transcript(&[
        "startproject a/b",
        "startproject café",
        "startproject 2fast",
        "startproject fn",
        "startproject test",
        "startproject nuages",
        "startproject build",
        "startproject con",
        "startproject there",
        "startproject mysite there",
        "startproject mysite file/below",
        "startproject mysite",
    ]);
    let long = folder.transcript(&[&format!("startproject {}", "a".repeat(65))]);
    assert_wording("new_projects", &(text + &long));
}

#[test]
fn mistakes_in_settings() {
    let settings = "SESSION_ENGIN = \"db\"\nSESSION_COOKIE_AGE = \"old\"\nTIME_ZON = \"UTC\"";
    let mut text = Folder::with_settings(settings).transcript(&["diffsettings"]);
    text += &Folder::with_settings("SESSION_ENGINE = \"carrier_pigeon\"").transcript(&["sessions list"]);
    text += &Folder::with_settings("= nothing").transcript(&["clearsessions"]);
    assert_wording("settings", &text);
}

#[test]
fn migrations() {
    let folder = Folder::with_settings("");
    let mut text = folder.transcript(&[
        "clearsessions",
        "sessions list",
        "migrate --check",
        "migrate --plan",
        "migrate --database other",
        "showmigrations nope",
        "migrate nope",
        "migrate sessions 0009",
        "migrate",
        "migrate",
        "migrate sessions zero",
    ]);
    folder.write(
        "migrations/shop/0001_cart.sql",
        "CREATE TABLE cart (id integer PRIMARY KEY);\nCREATE TALBE x (id);",
    );
    text += &folder.transcript(&["migrate shop", "showmigrations"]);
    folder.write("migrations/shop/first.sql", "SELECT 1;");
    text += &folder.transcript(&["migrate"]);
    assert_wording("migrations", &text);
}

#[test]
fn sessions_and_questions() {
    let folder = Folder::with_settings("");
    ok(manage(folder.path(), "migrate"));
    let mut text = folder.transcript(&[
        "clearsessions",
        "clearsessions --all",
        "sessions list",
        "sessions list --page 3",
        "sessions stats",
        "sessions show abc",
        "sessions revoke abc",
        "sessions revoke --user 5",
        "sessions revoke --all",
        "sessions revoke --all --noinput",
    ]);
    let cookies = Folder::with_settings("SESSION_ENGINE = \"signed_cookies\"");
    text += &cookies.transcript(&["clearsessions", "clearsessions --all", "sessions list"]);
    let memory = Folder::with_settings("SESSION_ENGINE = \"cache\"");
    text += &memory.transcript(&["clearsessions", "sessions list"]);
    assert_wording("sessions", &text);
}
