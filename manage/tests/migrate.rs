//! `migrate` and `showmigrations` as a user runs them: Django's output, eight at once, killed half-way.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use support::project_with;
use tempfile::TempDir;

fn project(migrations: usize) -> TempDir {
    let folder = project_with("");
    let blog = folder.path().join("migrations/blog");
    fs::create_dir_all(&blog).expect("creates");
    for number in 1..=migrations {
        let sql = format!("CREATE TABLE t{number} (id INTEGER); INSERT INTO t{number} VALUES ({number});");
        fs::write(blog.join(format!("{number:04}_t.sql")), sql).expect("writes");
    }
    folder
}

fn manage(folder: &Path, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command.current_dir(folder).args(args.split_whitespace());
    // They would override settings.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NUAGES_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, args: &str) -> Output {
    manage(folder, args).output().expect("manage runs")
}

fn stdout(folder: &Path, args: &str) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_output_is_djangos() {
    let folder = project(2);
    let folder = folder.path();
    assert_eq!(
        stdout(folder, "migrate sessions"),
        "Operations to perform:\n  Apply all migrations: sessions\nRunning migrations:\n  \
         Applying sessions.0001_initial... OK\n"
    );
    let check = run(folder, "migrate --check");
    assert_eq!(check.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&check.stderr),
        "error: 2 migrations are not applied\nhint: run `migrate` (`migrate --plan` shows what it would do)\n"
    );
    assert_eq!(
        stdout(folder, "migrate blog 0002 --plan"),
        "Planned operations:\nblog.0001_t\n    \
         Raw SQL operation -> CREATE TABLE t1 (id INTEGER); INSERT IN…\nblog.0002_t\n    \
         Raw SQL operation -> CREATE TABLE t2 (id INTEGER); INSERT IN…\n"
    );
    assert_eq!(
        stdout(folder, "migrate blog 0001"),
        "Operations to perform:\n  Target specific migration: 0001_t, from blog\nRunning migrations:\n  \
         Applying blog.0001_t... OK\n"
    );
    assert_eq!(
        stdout(folder, "showmigrations"),
        "blog\n [X] 0001_t\n [ ] 0002_t\nsessions\n [X] 0001_initial\n"
    );
    stdout(folder, "migrate");
    assert_eq!(
        stdout(folder, "migrate"),
        "Operations to perform:\n  Apply all migrations: blog, sessions\nRunning migrations:\n  \
         No migrations to apply.\n"
    );
    assert_eq!(stdout(folder, "migrate --check"), "");
    assert_eq!(
        stdout(folder, "showmigrations --plan"),
        "[X]  sessions.0001_initial\n[X]  blog.0001_t\n[X]  blog.0002_t\n"
    );
    assert_eq!(
        stdout(folder, "migrate sessions zero"),
        "Operations to perform:\n  Unapply all migrations: sessions\nRunning migrations:\n  \
         Unapplying sessions.0001_initial... OK\n"
    );
    assert_eq!(
        stdout(folder, "migrate blog zero --fake"),
        "Operations to perform:\n  Unapply all migrations: blog\nRunning migrations:\n  \
         Unapplying blog.0002_t... FAKED\n  Unapplying blog.0001_t... FAKED\n"
    );
}

#[test]
fn mistakes_are_told_in_one_line_with_exit_code_1() {
    let folder = project(1);
    for (args, expected) in [
        (
            "migrate nope",
            "error: cannot migrate: no installed app with label 'nope' (known: blog, sessions)\n",
        ),
        ("migrate --database x", "error: no database 'x' in DATABASES\nhint: DATABASES has default\n"),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    }
}

#[test]
fn eight_processes_at_once_all_succeed() {
    for _ in 0..3 {
        let folder = project(5);
        let children: Vec<Child> =
            (0..8).map(|_| manage(folder.path(), "migrate").spawn().expect("manage runs")).collect();
        for child in children {
            let output = child.wait_with_output().expect("manage ends");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let list = stdout(folder.path(), "showmigrations");
        assert_eq!(list.matches("[X]").count(), 6, "{list}");
    }
}

#[test]
fn a_run_killed_half_way_is_finished_by_the_next() {
    for millis in 0..20 {
        let folder = project(8);
        let mut child = manage(folder.path(), "migrate").spawn().expect("manage runs");
        thread::sleep(Duration::from_millis(5 + millis));
        child.kill().expect("SIGKILL");
        child.wait().expect("ends");
        stdout(folder.path(), "migrate");
        let list = stdout(folder.path(), "showmigrations");
        assert_eq!(list.matches("[X]").count(), 9, "{list}");
        assert!(!folder.path().join("db.sqlite3-journal").exists());
    }
}
