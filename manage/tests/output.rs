//! Output that cannot be written: a full disk is an error of every command that prints, a closed pipe is none.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::fs::{self, File};

use nuages::{sessions::SessionEngine, settings::Settings};
use support::{manage, ok, project_with, run};
use tempfile::TempDir;

/// A folder with settings, a migrated database and one session.
fn project() -> TempDir {
    let folder = project_with("");
    ok(manage(folder.path(), "migrate"));
    let database = rusqlite::Connection::open(folder.path().join("db.sqlite3")).expect("the database");
    let settings = Settings::load_with(&folder.path().join("settings.toml"), []).expect("settings");
    let engine = SessionEngine::from_settings(&settings).expect("an engine");
    let data = engine.encode(&serde_json::Map::new()).expect("encoded");
    let row = "INSERT INTO django_session VALUES ('abcdefghijklmnop', ?1, '2999-01-01 00:00:00')";
    database.execute(row, [data]).expect("inserted");
    folder
}

const COMMANDS: [&str; 21] = [
    "help",
    "--help",
    "help migrate",
    "sessions list --help",
    "--version",
    "version",
    "completions bash",
    "diffsettings",
    "migrate --plan",
    "migrate",
    "showmigrations",
    "showmigrations --plan",
    "sqlmigrate sessions 0001",
    "makemigration shop",
    "clearsessions",
    "sessions list",
    "sessions list --json",
    "sessions stats",
    "sessions stats --json",
    "sessions revoke --user 5",
    "startproject mysite",
];

#[test]
fn a_full_disk_is_reported_by_every_command_that_prints() {
    let project = project();
    let mut covered: Vec<&str> = COMMANDS.map(|args| args.split(' ').next().unwrap_or_default()).to_vec();
    // These need a build of the project's program, or become another program. `startapp` needs a project.
    covered.extend(["runserver", "serve", "check", "quickstart", "routes", "dbshell", "test", "startapp"]);
    for command in manage::commands() {
        assert!(covered.contains(&command.get_name()), "{} has no case", command.get_name());
    }
    for args in COMMANDS {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = manage(project.path(), args);
        command.stdout(full);
        let said = run(command);
        assert_eq!(said.code, Some(1), "{args}: {said:?}");
        let expected = "error: the output cannot be written: No space left on device (os error 28)\n";
        assert_eq!(said.err, expected, "{args}");
    }
    assert!(project.path().join("mysite/src/main.rs").is_file(), "the command does its work all the same");
}

#[test]
fn a_question_that_cannot_be_printed_is_not_answered() {
    let project = project();
    for args in ["clearsessions --all", "sessions revoke --all"] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = manage(project.path(), args);
        let answer = project.path().join("answer");
        fs::write(&answer, "yes\n").expect("written");
        command.stdout(full).stdin(File::open(&answer).expect("opened"));
        let said = run(command);
        assert_eq!(said.code, Some(1), "{args}: {said:?}");
        assert!(said.err.contains("the output cannot be written"), "{said:?}");
        assert!(ok(manage(project.path(), "sessions stats")).contains("total                          1"));
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in COMMANDS {
        let folder = if args.starts_with("startproject") { tempfile::tempdir() } else { Ok(project()) };
        let folder = folder.expect("a folder");
        let mut child = manage(folder.path(), args).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{args}: {output:?}");
    }
}
