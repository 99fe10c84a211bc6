//! Commands that work on a project's files and database: `startapp`, `makemigration`, `sqlmigrate`, `dbshell`,
//! `test`.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use support::{manage, ok, project_with, run};
use tempfile::TempDir;

/// A folder that `startproject` has filled.
fn site() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    ok(manage(folder.path(), "startproject shop"));
    let site = folder.path().join("shop");
    (folder, site)
}

/// The error that a command ends with.
fn error(command: Command) -> String {
    let said = run(command);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    said.err
}

#[test]
fn startapp_writes_a_module_and_says_where_to_include_it() {
    let (_folder, site) = site();
    let said = ok(manage(&site, "startapp blog"));
    assert!(said.contains("src/main.rs: mod blog;\n"), "{said}");
    assert!(
        said.contains(
            "src/urls.rs: nuages::urls::include(\"blog/\", crate::blog::urls::urlpatterns()).namespace(\"blog\"),\n"
        ),
        "{said}"
    );
    for file in ["mod.rs", "tests.rs", "urls.rs", "views.rs"] {
        let text = fs::read_to_string(site.join("src/blog").join(file)).expect("written");
        assert!(text.starts_with("//! ") && text.contains("blog") && !text.contains("{{"), "{file}: {text}");
    }
    assert!(site.join("templates/blog/index.html").is_file());
}

#[test]
fn startapp_overwrites_nothing_and_explains_a_wrong_name() {
    let (_folder, site) = site();
    fs::write(site.join("src/cart.rs"), "").expect("written");
    for (name, message) in [
        ("cart", "src/cart.rs exists already; nothing was written"),
        ("views", "the project has a module of this name"),
        ("my-app", "lower-case ASCII letters, digits and `_`"),
        ("fn", "it is a keyword of Rust"),
        ("2048", "it must start with a letter"),
    ] {
        let said = error(manage(&site, &format!("startapp {name}")));
        assert!(said.contains(message) && said.contains("\nhint: "), "{name}: {said}");
        assert!(!site.join("src").join(name).exists(), "{name}");
    }
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert!(error(manage(elsewhere.path(), "startapp blog")).contains("no project here"));
}

#[test]
fn makemigration_numbers_the_files_and_migrate_runs_them() {
    let project = project_with("");
    let make = |args: &str| ok(manage(project.path(), &format!("makemigration {args}")));
    assert_eq!(make("shop"), "Wrote migrations/shop/0001_initial.sql\n");
    assert_eq!(
        make("shop add_price --down --per-engine"),
        "Wrote migrations/shop/0002_add_price.sqlite.sql\n\
         Wrote migrations/shop/0002_add_price.sqlite.down.sql\n\
         Wrote migrations/shop/0002_add_price.postgresql.sql\n\
         Wrote migrations/shop/0002_add_price.postgresql.down.sql\n"
    );
    let said = ok(manage(project.path(), "migrate"));
    assert!(said.contains("Applying shop.0002_add_price... OK"), "{said}");
    let said = ok(manage(project.path(), "migrate shop 0001"));
    assert!(said.contains("Unapplying shop.0002_add_price... OK"), "{said}");
    fs::write(project.path().join("migrations/shop/0041_odd.sql"), "SELECT 1;").expect("written");
    assert_eq!(make("shop next"), "Wrote migrations/shop/0042_next.sql\n");
}

#[test]
fn makemigration_explains_a_wrong_name() {
    let project = project_with("");
    ok(manage(project.path(), "makemigration shop"));
    for (args, message) in [
        ("shop", "the app shop has migrations: name the new one"),
        ("shop add-price", "\"add-price\" cannot be the name of a migration"),
        ("2shop", "\"2shop\" cannot be the name of an app"),
        ("../up", "\"../up\" cannot be the name of an app"),
        ("sessions more", "the app sessions is built in"),
    ] {
        let said = error(manage(project.path(), &format!("makemigration {args}")));
        assert!(said.contains(message) && said.contains("\nhint: "), "{args}: {said}");
    }
    let files = fs::read_dir(project.path().join("migrations")).expect("a folder").count();
    assert_eq!(files, 1, "only migrations/shop is there");
}

#[test]
fn sqlmigrate_prints_the_sql_of_each_engine_and_opens_no_database() {
    let project = project_with("");
    let said = ok(manage(project.path(), "sqlmigrate sessions 0001"));
    assert!(said.contains("CREATE TABLE \"django_session\"") && said.contains("datetime NOT NULL"), "{said}");
    let said = ok(manage(project.path(), "sqlmigrate sessions 0001_initial --backwards"));
    assert!(said.contains("DROP TABLE"), "{said}");
    assert!(!project.path().join("db.sqlite3").exists());

    let other = "[DATABASES.other]\nENGINE = \"postgresql\"\nNAME = \"shop\"\nHOST = \"nowhere.invalid\"\n";
    let project = project_with("");
    let file = project.path().join("settings.toml");
    let text = fs::read_to_string(&file).expect("settings") + other;
    fs::write(&file, text).expect("written");
    let said = ok(manage(project.path(), "sqlmigrate sessions 0001 --database other"));
    assert!(said.contains("timestamp with time zone"), "{said}");

    for (args, message) in [
        ("sessions 0009", "cannot find a migration matching '0009' from app 'sessions'"),
        ("nope 0001", "'nope'"),
        ("sessions zero", "zero is no migration"),
        ("sessions 0001 --database third", "no database 'third' in DATABASES"),
    ] {
        let said = error(manage(project.path(), &format!("sqlmigrate {args}")));
        assert!(said.contains(message), "{args}: {said}");
    }
}

/// A `PATH` with a program of this name that prints its arguments and the variables of libpq.
fn path_with(folder: &Path, program: &str) -> OsString {
    let file = folder.join(program);
    fs::write(&file, "#!/bin/sh\necho \"${0##*/} $*\"\nenv | grep ^PG | sort\n").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("executable");
    let others = env::var_os("PATH").unwrap_or_default();
    env::join_paths([folder.to_owned()].into_iter().chain(env::split_paths(&others))).expect("a path")
}

#[test]
fn dbshell_runs_the_client_of_the_database() {
    let bin = tempfile::tempdir().expect("a folder");
    let project = project_with("");
    let mut command = manage(project.path(), "dbshell -- -readonly");
    command.env("PATH", path_with(bin.path(), "sqlite3"));
    let said = ok(command);
    assert!(said.starts_with("sqlite3 -readonly ") && said.ends_with("/db.sqlite3\n"), "{said}");

    let text = "DEBUG = true\nSECRET_KEY = \"x\"\n[DATABASES.default]\nENGINE = \"postgresql\"\nNAME = \"shop\"\n\
                USER = \"ann\"\nPASSWORD = \"hunter2\"\nHOST = \"db.example.com\"\nPORT = 6543\n\
                OPTIONS.sslmode = \"verify-full\"\n";
    fs::write(project.path().join("settings.toml"), text).expect("written");
    let mut command = manage(project.path(), "dbshell");
    command.env("PATH", path_with(bin.path(), "psql"));
    for name in ["PGHOST", "PGUSER", "PGDATABASE", "PGPORT"] {
        command.env_remove(name);
    }
    assert_eq!(
        ok(command),
        "psql -U ann -h db.example.com -p 6543 shop\nPGPASSWORD=hunter2\nPGSSLMODE=verify-full\n"
    );
}

#[test]
fn dbshell_says_which_client_is_missing_and_what_cannot_be_opened() {
    let project = project_with("");
    let mut command = manage(project.path(), "dbshell");
    command.env("PATH", project.path());
    let said = error(command);
    assert!(said.starts_with("error: sqlite3 cannot be run"), "{said}");
    assert!(said.contains("hint: install the client, on Debian `apt-get install sqlite3`"), "{said}");

    let mut command = manage(project.path(), "dbshell");
    command.env("NUAGES_DATABASES__default__NAME", ":memory:");
    let said = error(command);
    assert!(said.contains("the database 'default' is in the server's memory"), "{said}");
}

#[test]
fn test_runs_cargo_test_of_the_project_with_its_arguments() {
    let (_folder, site) = site();
    let bin = tempfile::tempdir().expect("a folder");
    let cargo = bin.path().join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"$*\"\n").expect("written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = manage(&site.join("src"), "test visits --release -- --nocapture");
    command.env("CARGO", &cargo);
    let said = ok(command);
    let manifest = site.canonicalize().expect("a path").join("Cargo.toml");
    assert_eq!(
        said,
        format!("test --manifest-path {} visits --release -- --nocapture\n", manifest.display())
    );
}
