//! Fixtures of the tests of the program: running it, and sending requests to the site that it serves.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The installed `manage`, in `folder`, with these words as its arguments. `NUAGES_` variables of the caller's
/// environment are removed.
pub(crate) fn manage(folder: &Path, args: &str) -> Command {
    command(env!("CARGO_BIN_EXE_manage").as_ref(), folder, args)
}

/// Any program, called in the same way.
pub(crate) fn command(program: &Path, folder: &Path, args: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(args.split_whitespace());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NUAGES_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A project's folder with a database and these lines in its settings.
pub(crate) fn project_with(lines: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!(
        "DEBUG = true\nSECRET_KEY = \"{}\"\n{lines}\n\
         [DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"\n",
        "k".repeat(50)
    );
    fs::write(folder.path().join("settings.toml"), settings).expect("written");
    folder
}

/// The output of a command and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(mut command: Command) -> Said {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs a command that must succeed, and returns its stdout.
pub(crate) fn ok(command: Command) -> String {
    let what = format!("{command:?}");
    let said = run(command);
    assert_eq!(said.code, Some(0), "{what}\n{}{}", said.out, said.err);
    said.out
}

/// A port that nothing listens on now.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("its address").port()
}

/// A program that serves. It is killed if a test ends early.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(mut command: Command, port: u16, within: Duration) -> Self {
        let child = command.spawn().expect("the program starts");
        let mut server = Self { child, port };
        let deadline = Instant::now() + within;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait().expect("it can be waited for") {
                let (out, err) = server.rest();
                panic!("it ended with {status}:\n{out}{err}");
            }
            assert!(Instant::now() < deadline, "nothing answers at port {port}");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Sends it a signal, and returns its exit status, stdout and stderr.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill runs");
        assert!(sent.success());
        let deadline = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < deadline, "{signal} does not end it");
            thread::sleep(Duration::from_millis(20));
        };
        let (out, err) = self.rest();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err(), "something still answers");
        (status, out, err)
    }

    fn rest(&mut self) -> (String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        let stdout = self.child.stdout.as_mut().expect("piped");
        stdout.read_to_string(&mut out).expect("UTF-8");
        let stderr = self.child.stderr.as_mut().expect("piped");
        stderr.read_to_string(&mut err).expect("UTF-8");
        (out, err)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, usually.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser, as far as cookies and forms go.
pub(crate) struct Visitor {
    port: u16,
    cookies: Vec<(String, String)>,
}

/// A response of the site.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, cookies: Vec::new() }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, "")
    }

    /// Sends a form with the CSRF token, and follows the redirect.
    pub(crate) fn post(&mut self, path: &str, fields: &str) -> Page {
        let token = self.cookie("csrftoken").expect("a page was loaded before").to_owned();
        let page = self.ask("POST", path, &format!("csrfmiddlewaretoken={token}&{fields}"));
        assert_eq!(page.status, 302, "{}{}", page.head, page.body);
        let location = page.head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place");
        self.get(location)
    }

    fn ask(&mut self, method: &str, path: &str, form: &str) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the site listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.port,
            cookies.join("; "),
            form.len()
        )
        .expect("the request is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        for line in head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, rest) = line.split_once('=').expect("a name");
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                let value = rest.split(';').next().unwrap_or_default();
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Page {
    /// The text between the first `before` and the next `<`.
    pub(crate) fn text_after(&self, before: &str) -> &str {
        let (_, rest) = self.body.split_once(before).unwrap_or_else(|| panic!("no {before}: {}", self.body));
        rest.split('<').next().unwrap_or_default()
    }

    pub(crate) fn visits(&self) -> u64 {
        self.text_after("class=\"count\">").parse().expect("a number")
    }

    pub(crate) fn greeting(&self) -> &str {
        self.text_after("<h1>")
    }
}
