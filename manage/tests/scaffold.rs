//! A newcomer's project, for real: scaffolded in a fresh folder, built, tested, served, visited.
//!
//! Slow, since each builds a project: `tests/run` runs them. They need cargo, and no network: what the
//! project depends on is what this workspace has compiled.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use support::{Server, Visitor, command, free_port, manage, ok, run};

/// Where the builds of this workspace, and of projects beside it, put their programs.
fn program(name: &str) -> PathBuf {
    let manage = Path::new(env!("CARGO_BIN_EXE_manage"));
    manage.with_file_name(name)
}

fn cargo(folder: &Path, args: &str) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo.as_ref(), folder, args);
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target());
    command
}

/// The target folder that this test was built into.
fn target() -> PathBuf {
    let program = program("manage");
    program.ancestors().nth(2).expect("target/debug/manage").to_owned()
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_scaffolded_project_is_built_tested_served_and_remembers_its_visitors() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = ok(manage(folder.path(), "startproject scaffolded"));
    assert!(said.contains("cd scaffolded\n"), "{said}");
    let site = folder.path().join("scaffolded");

    // An app, included as `startapp` says.
    let said = ok(manage(&site, "startapp blog"));
    let line = |file: &str| said.lines().find_map(|line| line.trim().strip_prefix(file)).expect("the line");
    let include = |file: &str, before: &str, line: &str| {
        let path = site.join(file);
        let text = fs::read_to_string(&path).expect("the file");
        assert!(text.contains(before), "{text}");
        fs::write(&path, text.replacen(before, &format!("{line}\n{before}"), 1)).expect("written");
    };
    include("src/main.rs", "mod urls;", line("src/main.rs: "));
    include("src/urls.rs", "        path(\"\"", line("src/urls.rs: "));

    let begin = Instant::now();
    let built = run(cargo(&site, "build"));
    assert_eq!(built.code, Some(0), "{}", built.err);
    eprintln!("the project's build: {:.1} s", begin.elapsed().as_secs_f64());
    assert!(!built.err.contains("src/views.rs") && !built.err.contains("src/urls.rs"), "{}", built.err);
    let tree = ok(cargo(&site, "tree --prefix none --edges normal,build"));
    let mut crates: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();
    eprintln!("crates in the project's tree: {}", crates.len());
    assert!(crates.len() < 170, "{}", crates.len());
    let tested = ok(cargo(&site, "test"));
    assert!(tested.contains("4 passed; 0 failed"), "{tested}");

    // Nothing is migrated yet: the server says so, and serves.
    let program = program("scaffolded");
    let port = free_port();
    let serve = || command(&program, &site, &format!("runserver --noreload {port}"));
    let server = Server::start(serve(), port, Duration::from_secs(20));
    let (status, said, _) = server.end("-INT");
    assert_eq!(status.code(), Some(0));
    assert!(
        said.contains("You have 1 unapplied migration(s).") && said.contains("app(s): sessions."),
        "{said}"
    );

    let said = ok(command(&program, &site, "migrate"));
    assert!(said.contains("  Applying sessions.0001_initial... OK\n"), "{said}");
    let said = ok(manage(&site, "migrate"));
    assert!(said.contains("  No migrations to apply.\n"), "{said}");

    let server = Server::start(serve(), port, Duration::from_secs(20));
    let mut visitor = Visitor::new(port);
    for visits in 1..=2 {
        let page = visitor.get("/");
        assert_eq!((page.status, page.visits(), page.greeting()), (200, visits, "Bonjour, stranger."));
    }
    let page = visitor.post("/name/", "name=%3Cb%3EDjango%3C%2Fb%3E");
    assert_eq!(page.visits(), 3);
    assert!(page.greeting().starts_with("Bonjour, &lt;b&gt;Django&lt;"), "{}", page.greeting());
    let key = visitor.cookie("sessionid").expect("a session").to_owned();
    assert!(!page.body.contains(&key), "the page shows the key of the session");
    assert_eq!(visitor.get("/static/site.css").status, 200);
    assert!(visitor.get("/blog/").body.contains("<h1>blog</h1>"));
    assert_eq!(visitor.get("/name/").status, 405);
    assert_eq!(visitor.get("/nowhere/").status, 404);
    assert_eq!(Visitor::new(port).get("/").visits(), 1, "another visitor is another session");

    let taken = run(serve());
    assert_eq!(taken.code, Some(1));
    assert!(taken.err.contains(&format!("port {port} of 127.0.0.1 is taken")), "{}", taken.err);
    assert!(taken.err.contains("hint: stop that program, or use another port: `runserver "), "{}", taken.err);

    let (status, said, log) = server.end("-TERM");
    assert_eq!(status.code(), Some(0));
    assert!(!said.contains("unapplied"), "{said}");
    for line in [
        format!("Nuages version {}, using settings 'settings.toml'\n", env!("CARGO_PKG_VERSION")),
        format!("Starting development server at http://127.0.0.1:{port}/\nQuit the server with CONTROL-C.\n"),
    ] {
        assert!(said.contains(&line), "{line} is not in {said}");
    }
    assert!(log.contains("] \"POST /name/ HTTP/1.1\" 302 0\n"), "{log}");
    assert!(log.contains("] \"GET /nowhere/ HTTP/1.1\" 404 "), "{log}");
    assert!(!log.contains(&key), "the log shows the key of a session");

    // The session survives a restart, ends with its time, and is cleared.
    let server = Server::start(serve(), port, Duration::from_secs(20));
    assert_eq!(visitor.get("/").visits(), 4);
    let database = rusqlite::Connection::open(site.join("db.sqlite3")).expect("the database");
    let expire = "UPDATE django_session SET expire_date = '2000-01-01 00:00:00' WHERE session_key = ?";
    assert_eq!(database.execute(expire, [&key]).expect("updated"), 1);
    let page = visitor.get("/");
    assert_eq!((page.visits(), page.greeting()), (1, "Bonjour, stranger."));
    assert_ne!(visitor.cookie("sessionid"), Some(key.as_str()));
    assert_eq!(ok(manage(&site, "clearsessions")), "Removed 1 expired session.\n");
    assert_eq!(ok(command(&program, &site, "clearsessions")), "Removed 0 expired sessions.\n");
    assert_eq!(visitor.get("/").visits(), 2, "a session that has not ended is not cleared");

    let page = visitor.post("/name/", "name=Joe");
    assert_eq!(page.greeting(), "Bonjour, Joe.");
    let before = visitor.cookie("sessionid").expect("a session").to_owned();
    let page = visitor.post("/forget/", "");
    assert_eq!((page.visits(), page.greeting()), (1, "Bonjour, stranger."));
    assert_ne!(visitor.cookie("sessionid"), Some(before.as_str()), "flush changes the key");
    assert_eq!(ok(manage(&site, "clearsessions --all --noinput")), "Removed 2 sessions.\n");
    assert_eq!(visitor.get("/").visits(), 1);
    server.end("-INT");

    // The installed manage hands to the project's program what needs its URLs.
    let routes = ok(manage(&site, "routes"));
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let listed: Vec<_> = routes.lines().map(words).collect();
    assert_eq!(listed[0], ["URL", "pattern", "view", "name"]);
    assert_eq!(listed[1], ["/blog/", "scaffolded::blog::views::index", "blog:index"]);
    assert_eq!(listed.len(), 5, "{routes}");
    let found = ok(manage(&site, "routes /name/?next=/ --json"));
    assert_eq!(
        found,
        "{\"pattern\":\"/name/\",\"view\":\"scaffolded::views::remember_name\",\"name\":\"remember_name\",\"captured\":{}}\n"
    );
    let said = run(manage(&site, "routes nowhere/"));
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("error: no URL pattern matches \"/nowhere/\"\n"), "{}", said.err);
    assert_eq!(ok(manage(&site.join("src"), "check")), "System check identified no issues.\n");
    let said = run(manage(&site, "migrat"));
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("similar subcommands exist"), "{}", said.err);
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn quickstart_serves_a_page_and_leaves_no_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let mut quickstart = manage(folder.path(), &format!("--no-color quickstart quickstarted --port {port}"));
    quickstart.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
    let begin = Instant::now();
    let server = Server::start(quickstart, port, Duration::from_secs(300));
    let page = Visitor::new(port).get("/");
    eprintln!("quickstart to the first page: {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!((page.status, page.visits()), (200, 1));

    let again = run(manage(folder.path(), "quickstart other --port"));
    assert_eq!(again.code, Some(2), "--port wants a value");
    let again = run(manage(folder.path(), &format!("quickstart other --port {port}")));
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.contains("is taken") && again.err.contains("`quickstart other --port "),
        "{}",
        again.err
    );
    assert!(!folder.path().join("other").exists(), "something was written although the port is taken");

    let (status, said, _) = server.end("-INT");
    assert_eq!(status.code(), Some(0));
    let steps: Vec<&str> = said.lines().filter(|line| line.starts_with("$ ")).collect();
    let serve = format!("$ manage runserver {port}");
    let expected = ["$ manage startproject quickstarted", "$ cd quickstarted", "$ manage migrate", &serve];
    assert_eq!(steps, expected);
    assert!(!said.contains("unapplied"), "{said}");

    let before = fs::read(folder.path().join("quickstarted/settings.toml")).expect("the settings");
    let again = run(manage(folder.path(), &format!("quickstart quickstarted --port {port}")));
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists already; nothing was written"), "{}", again.err);
    assert_eq!(fs::read(folder.path().join("quickstarted/settings.toml")).expect("the settings"), before);
}
