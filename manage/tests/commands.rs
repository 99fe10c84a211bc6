//! The program `manage` as a user runs it: its output and its exit codes.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Stdio,
};

use support::{Said, manage, ok, project_with, run};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A folder with settings, and more of them.
fn project(more: &str) -> TempDir {
    project_with(more)
}

fn fails(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    assert_eq!(said.out, "", "errors go to stderr");
    for words in words {
        assert!(said.err.contains(words), "{words:?} is not in {:?}", said.err);
    }
    assert!(!said.err.contains("panicked") && !said.err.contains('\u{1b}'), "{said:?}");
}

#[test]
fn help_lists_every_command_once() {
    let help = ok(manage(folder().path(), "help"));
    for command in manage::commands() {
        let line = format!("\n    {:<15} ", command.get_name());
        assert_eq!(help.matches(&line).count(), 1, "{}", command.get_name());
        let own = ok(manage(folder().path(), &format!("help {}", command.get_name())));
        assert!(own.contains(&format!("Usage: manage {}", command.get_name())), "{own}");
    }
    assert_eq!(help, ok(manage(folder().path(), "--help")));
}

#[test]
fn the_version_is_printed_in_both_ways() {
    let version = format!("{}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(ok(manage(folder().path(), "--version")), version);
    assert_eq!(ok(manage(folder().path(), "version")), version);
}

#[test]
fn wrong_usage_is_exit_code_2_and_a_near_command_is_named() {
    fails(&run(manage(folder().path(), "migrat")), 2, &["similar subcommands exist", "'migrate'"]);
    fails(&run(manage(folder().path(), "clearsessions --al")), 2, &["a similar argument exists: '--all'"]);
    fails(&run(manage(folder().path(), "-v 9 version")), 2, &["9"]);
    assert_eq!(run(manage(folder().path(), "")).code, Some(2));
}

#[test]
fn outside_a_project_commands_say_so_and_name_the_way_out() {
    let folder = folder();
    for command in ["migrate", "showmigrations", "clearsessions", "diffsettings"] {
        let said = run(manage(folder.path(), command));
        fails(&said, 1, &["error: no settings.toml here\n", "hint: run `manage startproject mysite`"]);
    }
    for command in ["runserver", "serve", "check", "routes"] {
        let said = run(manage(folder.path(), command));
        fails(&said, 1, &["error: no project here", "hint: run `manage startproject mysite`"]);
    }
    let said = run(manage(folder.path(), "diffsettings --settings none.toml"));
    fails(&said, 1, &["no settings file none.toml", "--settings or NUAGES_SETTINGS"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = folder();
    let mut command = manage(folder.path(), "completions zsh");
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn mistakes_in_the_settings_are_listed_together() {
    let project = project("SESSION_ENGIN = \"db\"\nSESSION_COOKIE_AGE = \"old\"");
    let said = run(manage(project.path(), "clearsessions"));
    fails(&said, 1, &["error: settings.toml cannot be used", "SESSION_ENGINE", "SESSION_COOKIE_AGE"]);
}

#[test]
fn the_settings_file_is_found_from_the_folders_below_and_by_name() {
    let project = project("");
    let below = project.path().join("src/deep");
    fs::create_dir_all(&below).expect("created");
    assert!(ok(manage(&below, "diffsettings")).contains("DEBUG = true"));
    let elsewhere = folder();
    let file = project.path().join("settings.toml");
    let mut by_variable = manage(elsewhere.path(), "diffsettings");
    by_variable.env("NUAGES_SETTINGS", &file);
    assert!(ok(by_variable).contains("DEBUG = true"));
    let mut by_option = manage(elsewhere.path(), "diffsettings --settings");
    by_option.arg(&file);
    assert!(ok(by_option).contains("DEBUG = true"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_projects_path_need_not_be_utf8() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let outside = folder();
    let here = outside.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::rename(project("").keep(), &here).expect("moved");
    assert!(ok(manage(&here, "migrate")).contains("Applying sessions.0001_initial... OK"));
    assert!(here.join("db.sqlite3").is_file(), "the database is in the project's folder");
    assert_eq!(ok(manage(&here, "clearsessions")), "Removed 0 expired sessions.\n");
    let names = fs::read_dir(outside.path()).expect("a folder").count();
    assert_eq!(names, 1, "a folder with another name was made");
}

#[test]
fn diffsettings_shows_what_was_set_and_where_and_no_secret() {
    let project = project("");
    let mut command = manage(project.path(), "diffsettings");
    command.env("NUAGES_SESSION_COOKIE_AGE", "60");
    let said = ok(command);
    assert!(said.contains("DEBUG = true  # settings.toml:1\n"), "{said}");
    assert!(said.contains("SESSION_COOKIE_AGE = 60  # environment NUAGES_SESSION_COOKIE_AGE\n"), "{said}");
    assert!(!said.contains("kkkk") && !said.contains("# default"), "{said}");
    let all = ok(manage(project.path(), "diffsettings --all"));
    assert!(all.contains("SESSION_COOKIE_AGE = 1209600  # default\n"), "{all}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let project = project("");
    let said = |variable: &str, option: &str| {
        let mut command = manage(project.path(), &format!("diffsettings {option}"));
        command.env(variable, "1");
        ok(command).contains('\u{1b}')
    };
    assert!(!said("UNRELATED", ""));
    assert!(said("FORCE_COLOR", ""));
    assert!(!said("FORCE_COLOR", "--no-color"));
    assert!(!said("NO_COLOR", ""));
}

#[test]
fn a_project_is_written_once_and_never_over_another() {
    let folder = folder();
    let said = ok(manage(folder.path(), "startproject mysite"));
    assert_eq!(
        said,
        "mysite is in mysite. Next:\n    cd mysite\n    cargo run -- migrate\n    cargo run -- runserver\n"
    );
    let site = folder.path().join("mysite");
    for file in ["Cargo.toml", "settings.toml", "src/main.rs", "templates/index.html", "static/site.css"] {
        assert!(site.join(file).is_file(), "{file}");
    }
    let settings = fs::read_to_string(site.join("settings.toml")).expect("settings");
    let again = run(manage(folder.path(), "startproject mysite"));
    fails(&again, 1, &["error: \"mysite\" exists already; nothing was written", "hint: use another name"]);
    fs::write(folder.path().join("README.md"), "mine").expect("written");
    let here = run(manage(folder.path(), "startproject other ."));
    fails(&here, 1, &["README.md exists already; nothing was written"]);
    assert!(!folder.path().join("Cargo.toml").exists());
    assert_eq!(fs::read_to_string(site.join("settings.toml")).expect("settings"), settings);

    let current = tempfile::tempdir().expect("a folder");
    assert_eq!(
        ok(manage(current.path(), "startproject shop .")),
        "shop is in this folder. Next:\n    cargo run -- migrate\n    cargo run -- runserver\n"
    );

    fs::create_dir(folder.path().join("empty")).expect("created");
    assert_eq!(ok(manage(folder.path(), "-v0 startproject other empty")), "");
    let other = fs::read_to_string(folder.path().join("empty/settings.toml")).expect("settings");
    let key =
        |text: &str| text.lines().find(|line| line.starts_with("SECRET_KEY")).expect("a key").to_owned();
    assert_eq!(key(&settings).len(), "SECRET_KEY = \"\"".len() + 50);
    assert_ne!(key(&settings), key(&other), "each project has a key of its own");
    assert!(
        ok(manage(&site, "diffsettings"))
            .contains("SESSION_ENGINE = \"django.contrib.sessions.backends.db\"")
    );
}

#[test]
fn a_name_that_cannot_be_is_refused_with_one_that_can() {
    let folder = folder();
    for (name, better) in
        [("test", "test_site"), ("2fast", "site_2fast"), ("a.b", "a_b"), ("nuages", "nuages_site")]
    {
        let said = run(manage(folder.path(), &format!("startproject {name}")));
        fails(&said, 1, &["cannot be a project's name", &format!("`manage startproject {better}`")]);
    }
    // quickstart takes a name alone, and its errors speak of nothing else.
    let said = run(manage(folder.path(), "quickstart some/path"));
    fails(&said, 1, &["it is a path, and not only a name", "`manage quickstart path`"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").expect("written");
    let said = run(manage(folder.path(), "startproject mysite file/below"));
    fails(&said, 1, &["cannot be written", "removed again"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn quickstart_looks_before_it_writes() {
    let folder = folder();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let said = run(manage(folder.path(), &format!("quickstart mysite --port {port}")));
    fails(&said, 1, &[&format!("port {port} of 127.0.0.1 is taken"), "`quickstart mysite --port "]);
    fs::create_dir(folder.path().join("there")).expect("created");
    let said = run(manage(folder.path(), "quickstart there"));
    fails(&said, 1, &["exists already; nothing was written", "use another name\n"]);
    let names: BTreeSet<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn clearsessions_says_what_it_did() {
    let project = project("");
    let said = run(manage(project.path(), "clearsessions"));
    fails(&said, 1, &["the sessions cannot be cleared", "hint: run `manage migrate`"]);
    ok(manage(project.path(), "migrate"));
    assert_eq!(ok(manage(project.path(), "clearsessions")), "Removed 0 expired sessions.\n");

    let database = rusqlite::Connection::open(project.path().join("db.sqlite3")).expect("the database");
    let insert = |number: u32, expires: &str| {
        let row = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, 'x', ?)";
        database.execute(row, (format!("{number:032}"), expires)).expect("inserted");
    };
    database.execute("BEGIN", ()).expect("begun");
    (0..1200).for_each(|number| insert(number, "2001-01-01 00:00:00"));
    (1200..1203).for_each(|number| insert(number, "2999-01-01 00:00:00"));
    database.execute("COMMIT", ()).expect("committed");
    assert_eq!(ok(manage(project.path(), "clearsessions")), "Removed 1200 expired sessions.\n");

    let said = run(manage(project.path(), "clearsessions --all"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("every session (3)") && said.err.contains("cancelled: no session was removed"));
    let mut asked = manage(project.path(), "clearsessions --all");
    let mut child = asked.stdin(Stdio::piped()).spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), b"yes\n").expect("answered");
    let output = child.wait_with_output().expect("it ends");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("Removed 3 sessions.\n"), "{output:?}");
    assert_eq!(ok(manage(project.path(), "clearsessions --all --noinput")), "Removed 0 sessions.\n");
}

#[test]
fn clearsessions_says_where_there_is_nothing_to_clear() {
    let project = project("SESSION_ENGINE = \"django.contrib.sessions.backends.signed_cookies\"");
    assert!(
        ok(manage(project.path(), "clearsessions")).starts_with("Nothing to do: the engine signed_cookies")
    );
    let said = run(manage(project.path(), "clearsessions --all"));
    fails(&said, 1, &["the engine signed_cookies keeps sessions in the visitors' cookies", "SECRET_KEY"]);
}

#[test]
fn completions_are_scripts_of_every_shell() {
    let folder = folder();
    for (shell, mark) in [("bash", "_manage()"), ("zsh", "#compdef manage"), ("fish", "complete -c manage")] {
        let script = ok(manage(folder.path(), &format!("completions {shell}")));
        assert!(script.contains(mark) && script.contains("clearsessions"), "{shell}");
    }
    fails(&run(manage(folder.path(), "completions bsh")), 2, &["bash"]);
}

/// Runs `manage` with a cargo that only prints its arguments.
#[cfg(unix)]
fn arguments_of_cargo(folder: &Path, args: &str) -> Said {
    use std::os::unix::fs::PermissionsExt as _;
    let cargo = folder.join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"$@\"\nexit 7\n").expect("written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = manage(folder, args);
    command.env("CARGO", &cargo);
    run(command)
}

#[cfg(unix)]
#[test]
fn what_needs_the_projects_urls_is_left_to_its_own_program() {
    let project = project("");
    let manifest = project.path().join("Cargo.toml");
    fs::write(&manifest, "[package]\nname = \"other\"\n[dependencies]\nserde = \"1\"\n").expect("written");
    fails(&arguments_of_cargo(project.path(), "runserver"), 1, &["no project here"]);
    fails(&arguments_of_cargo(project.path(), "greet"), 2, &["unrecognized subcommand 'greet'"]);

    fs::write(&manifest, "[package]\nname = \"mysite\"\n[dependencies]\nnuages-manage = \"0.1\"\n")
        .expect("written");
    for args in ["runserver --noreload 8080", "check", "-v 2 check --no-color", "greet --loudly you"] {
        let said = arguments_of_cargo(project.path(), args);
        assert_eq!(said.code, Some(7), "its exit code is the program's: {said:?}");
        assert_eq!(said.out, format!("run --manifest-path {} --quiet -- {args}\n", manifest.display()));
    }
    let said = arguments_of_cargo(project.path(), "diffsettings");
    assert!(said.out.contains("DEBUG"), "what settings alone can answer needs no build: {said:?}");
}
