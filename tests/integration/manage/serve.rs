//! `serve`: what it refuses, its health checks, its log, and systemd's sockets and notifications.

use std::{
    fs,
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::program::Program;

const KEY: &str = "SECRET_KEY = \"qwertzuiopasdfghjklyxcvbnm1234567890QWERTZUIOPASDFG\"";

fn program() -> Program {
    Program::new(KEY)
}

/// Waits until `found` returns something.
fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn said(program: &Program, args: &[&str]) -> (Option<i32>, String) {
    let output = program.command(args).output().expect("it runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn settings_for_development_are_refused_with_the_way_out() {
    let debug = Program::new(&format!("{KEY}\nDEBUG = true"));
    let (code, error) = said(&debug, &["serve", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        error,
        "error: not fit for production: DEBUG is true: error pages show source code and settings\n\
         hint: write in settings.toml: DEBUG = false; `runserver` serves during development\n"
    );
    let weak = Program::new("SECRET_KEY = \"guess\"");
    let (code, error) = said(&weak, &["serve", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(error.starts_with("error: not fit for production: SECRET_KEY is shorter than 50"), "{error}");
    assert!(error.contains("hint: write in settings.toml: SECRET_KEY = \""), "{error}");
}

#[test]
fn wrong_arguments_are_explained_for_this_command() {
    let program = program();
    let (code, error) = said(&program, &["serve", "eighty"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("hint: `serve 8080`, `serve 0.0.0.0:8000`"), "{error}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (code, error) = said(&program, &["serve", &address]);
    assert_eq!(code, Some(1));
    assert!(error.contains("is taken") && error.contains("use another port: `serve "), "{error}");
    let (code, error) = said(&program, &["serve", "--log-file", "/no/such/folder/log"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("the log file /no/such/folder/log cannot be opened"), "{error}");
    assert_eq!(said(&program, &["serve", "--workers", "0"]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_answers_health_checks_and_ends_at_sigterm() {
    let mut program = program();
    program.serve(&["127.0.0.1:0", "--workers", "2"], |_| {}, None);
    let mut visitor = program.visitor();
    assert_eq!(visitor.get("/plain/").await.status, 200);
    for path in ["/healthz", "/readyz"] {
        let answer = visitor.get(path).await;
        assert_eq!((answer.status, answer.sets_cookie), (200, false), "{path}");
    }
    // The session store's table is gone: the process lives, but it cannot do its work.
    let database = rusqlite::Connection::open(program.folder().join("db.sqlite3")).expect("the database");
    database.execute("ALTER TABLE django_session RENAME TO moved", []).expect("renamed");
    assert_eq!(visitor.get("/healthz").await.status, 200);
    assert_eq!(visitor.get("/readyz").await.status, 503);
    database.execute("ALTER TABLE moved RENAME TO django_session", []).expect("renamed");
    assert_eq!(visitor.get("/readyz").await.status, 200);
    program.stop();
    let log = program.log();
    assert!(log.contains("not ready: the session store does not answer"), "{log}");
    assert!(log.contains("] \"GET /plain/ HTTP/1.1\" 200 "), "{log}");
    assert!(log.contains("INFO nuages.server: stopped\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_json_lines_in_a_file_that_is_opened_again_at_sighup() {
    let mut program = program();
    let (file, old) = (program.folder().join("site.log"), program.folder().join("site.log.1"));
    let name = file.to_str().expect("UTF-8");
    program.serve(&["127.0.0.1:0", "--log-format", "json", "--log-file", name], |_| {}, Some(&file));
    let mut visitor = program.visitor();
    visitor.get("/plain/?a=%22quoted%22").await;
    visitor.get("/nowhere/").await;
    let lines = wait("two requests in the log", || {
        let text = fs::read_to_string(&file).expect("the log");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect();
        let requests: Vec<Value> =
            lines.into_iter().filter(|line| line["target"] == "nuages.server").collect();
        (requests.len() == 3).then(|| requests[1..].to_vec())
    });
    assert_eq!((&lines[0]["level"], &lines[0]["status"]), (&"INFO".into(), &200.into()));
    assert_eq!(lines[0]["path"], "/plain/?a=%22quoted%22");
    assert_eq!((&lines[1]["level"], &lines[1]["status"]), (&"WARNING".into(), &404.into()));
    assert!(lines.iter().all(|line| line["elapsed_us"].is_u64() && line["method"] == "GET"), "{lines:?}");

    fs::rename(&file, &old).expect("renamed");
    program.signal("-HUP");
    // The file is opened again before the next line.
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < Duration::from_secs(10), "no new log file");
        visitor.get("/plain/").await;
    }
    program.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_access_log_only_failures_have_a_line() {
    let mut program = program();
    program.serve(&["127.0.0.1:0", "--no-access-log"], |_| {}, None);
    let mut visitor = program.visitor();
    visitor.get("/plain/").await;
    visitor.get("/nowhere/").await;
    program.stop();
    let log = program.log();
    assert!(!log.contains("GET /plain/") && log.contains("GET /nowhere/"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_of_systemd_is_served_and_systemd_is_notified() {
    let mut program = program();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    let notified = program.folder().join("notify");
    let receiver = UnixDatagram::bind(&notified).expect("a socket");
    receiver.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    let next = || {
        let mut buffer = [0; 256];
        let length = receiver.recv(&mut buffer).expect("a notification");
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    // As systemd does (sd_listen_fds(3)): the socket is the descriptor 3, and two variables say so.
    program.serve(
        &[],
        |command| {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&0 0</dev/null").arg("sh");
            shell.arg(command.get_program()).args(command.get_args());
            shell.current_dir(command.get_current_dir().expect("a folder"));
            shell.env("NO_COLOR", "1").env("NOTIFY_SOCKET", &notified);
            shell.stdin(Stdio::from(OwnedFd::from(socket)));
            *command = shell;
        },
        None,
    );
    assert_eq!(next(), "READY=1");
    let mut visitor = program.visitor();
    assert_eq!(program.address(), address);
    assert_eq!(visitor.get("/plain/").await.status, 200);
    program.stop();
    assert_eq!(next(), "STOPPING=1");
}
