//! Drives the example: the program itself, on a free port, with its database in a temporary folder.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

use axum_sessions::router;
use nuages::{App, sessions::SessionEngine, settings::Settings, testing::Client, tower::SessionLayer};
use rusqlite::Connection;
use tempfile::TempDir;

/// The running program. It is ended with the test.
struct Program {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Program {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The example's own settings, but with less patience for locks.
        let settings = include_str!("../settings.toml").to_owned() + "OPTIONS = { timeout = 0.2 }\n";
        std::fs::write(folder.path().join("settings.toml"), settings).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_axum-sessions"))
            .arg(folder.path().join("settings.toml"))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address, folder }
    }

    fn database(&self) -> Connection {
        Connection::open(self.folder.path().join("db.sqlite3")).expect("the database")
    }

    fn rows(&self) -> i64 {
        let count = "SELECT count(*) FROM django_session";
        self.database().query_row(count, [], |row| row.get(0)).expect("a count")
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("settings.toml")
    }

    fn visitor(&self) -> Visitor {
        Visitor { address: self.address.clone(), cookie: String::new() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().expect("a program to end");
        self.child.wait().expect("its end");
    }
}

/// A browser with one cookie.
#[derive(Clone)]
struct Visitor {
    address: String,
    /// `sessionid=…`, or empty.
    cookie: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The number on the page.
    fn visits(&self) -> u64 {
        let (_, rest) = self.body.split_once("Visits: ").expect("a number of visits");
        rest.split_once('<').expect("its end").0.parse().expect("a number")
    }
}

impl Visitor {
    fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    fn post(&mut self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, form)
    }

    fn ask(&mut self, method: &str, path: &str, form: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let cookie = match self.cookie.as_str() {
            "" => String::new(),
            cookie => format!("Cookie: {cookie}\r\n"),
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{cookie}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a response");
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = Answer {
            status: status.parse().expect("a number"),
            headers: lines.filter_map(header).collect(),
            body: body.to_owned(),
        };
        if let Some(cookie) = answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = if cookie.contains("Max-Age=0") { String::new() } else { pair.to_owned() };
        }
        answer
    }
}

#[test]
fn visitors_are_counted_logged_in_and_logged_out() {
    let program = Program::start();
    let mut visitor = program.visitor();

    let health = visitor.get("/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    assert_eq!((health.header("vary"), health.header("set-cookie"), program.rows()), (None, None, 0));

    assert_eq!(visitor.get("/").visits(), 1);
    let page = visitor.get("/");
    assert_eq!((page.visits(), page.header("vary"), program.rows()), (2, Some("Cookie"), 1));

    let anonymous = visitor.cookie.clone();
    let login = visitor.post("/login", "name=Django+%3CReinhardt%3E");
    assert_eq!((login.status, login.header("location")), (303, Some("/")));
    assert_ne!(visitor.cookie, anonymous);
    let page = visitor.get("/");
    assert!(page.body.contains("Hello, Django &lt;Reinhardt&gt;!"), "{}", page.body);
    assert_eq!((page.visits(), program.rows()), (3, 1));

    let member = visitor.clone();
    let logout = visitor.post("/logout", "");
    assert_eq!((logout.status, visitor.cookie.as_str(), program.rows()), (303, "", 0));
    for stale in [anonymous, member.cookie] {
        let page = Visitor { cookie: stale.clone(), ..visitor.clone() }.get("/");
        assert_eq!(page.visits(), 1, "an old cookie is worth nothing");
        assert!(!page.header("set-cookie").expect("a new session").contains(&stale));
    }
}

#[test]
fn a_session_is_shared_with_a_nuages_project_on_the_same_settings() {
    let program = Program::start();
    let mut visitor = program.visitor();
    visitor.get("/");
    let key = visitor.cookie.strip_prefix("sessionid=").expect("the cookie").to_owned();
    let settings = Settings::load(&program.settings()).expect("settings");
    let engine = SessionEngine::from_settings(&settings).expect("an engine");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut session = engine.load(&key).await.expect("a session");
        assert_eq!(session.get::<u64>("visits").expect("a number"), Some(1));
        session.insert("visits", 40).expect("a number");
        assert_eq!(engine.save(&mut session).await.expect("saved"), nuages::sessions::Saved::Stored);
    });
    assert_eq!(visitor.get("/").visits(), 41);
}

#[test]
fn visits_at_the_same_moment_are_all_counted() {
    let program = Program::start();
    let mut visitor = program.visitor();
    visitor.get("/");
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut visitor = visitor.clone();
            scope.spawn(move || (0..25).for_each(|_| assert_eq!(visitor.get("/").status, 200)));
        }
    });
    assert_eq!(visitor.get("/").visits(), 202);
}

#[test]
fn a_locked_database_is_a_503_and_logs_nobody_out() {
    let program = Program::start();
    let mut visitor = program.visitor();
    visitor.get("/");
    let cookie = visitor.cookie.clone();
    let other = program.database();
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let refused = visitor.get("/");
    assert_eq!((refused.status, refused.header("retry-after"), refused.body.as_str()), (503, Some("1"), ""));
    assert_eq!(refused.header("set-cookie"), None);
    other.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!((visitor.get("/").visits(), visitor.cookie), (2, cookie));
}

#[tokio::test]
async fn the_same_router_works_inside_a_nuages_application() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "SECRET_KEY = 'of a test'\nDEBUG = true\nSESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'";
    let settings = Settings::from_toml(text, folder.path()).expect("settings");
    let sessions = SessionLayer::from_settings(&settings).expect("an engine");
    let client = Client::new(App::new(settings).mount("visits/", router(sessions)));
    client.get("/visits/").await;
    let page = client.get("/visits/").await;
    assert!(page.text().contains("Visits: 2<"), "{}", page.text());
}
