//! A scaffolded project behind a development server.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{command, free_port, manage, ok};

/// The longest time for anything that compiles: the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// The project, with the server if it was started.
pub(crate) struct Site {
    home: TempDir,
    name: String,
    pub(crate) port: u16,
    server: Option<Child>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Site {
    /// Scaffolds a project. Its name tells its program and its processes apart.
    pub(crate) fn new(name: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let name = format!("dev_{name}");
        ok(manage(home.path(), &format!("startproject {name}")));
        Self { home, name, port: free_port(), server: None }
    }

    /// The same, migrated.
    pub(crate) fn migrated(name: &str) -> Self {
        let site = Self::new(name);
        ok(manage(&site.folder(), "migrate"));
        site
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join(&self.name)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("it is there")
    }

    /// Replaces text in a file.
    pub(crate) fn edit(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert!(text.contains(old), "{old:?} is not in {file}");
        self.write(file, &text.replace(old, new));
    }

    /// A view of the project at `/probe/`, with this body.
    pub(crate) fn with_probe(self, body: &str) -> Self {
        self.edit("src/urls.rs", "vec![", "vec![\n        path(\"probe/\", views::probe),");
        let views = self.read("src/views.rs");
        let probe =
            "\npub async fn probe(request: &mut Request) -> Result<String> {\n    let _ = &request;\n";
        self.write("src/views.rs", &format!("{views}{probe}    {body}\n}}\n"));
        self
    }

    /// A build script that takes a while.
    pub(crate) fn with_slow_build(self, seconds: u32) -> Self {
        let wait = format!("std::thread::sleep(std::time::Duration::from_secs({seconds}));");
        self.write(
            "build.rs",
            &format!("fn main() {{ println!(\"cargo::rerun-if-changed=slow\"); {wait} }}\n"),
        );
        self
    }

    /// `manage runserver` in the project's folder.
    pub(crate) fn server_command(&self, args: &str) -> Command {
        let mut command = manage(&self.folder(), &format!("runserver {} {args}", self.port));
        command.env("CARGO_NET_OFFLINE", "true").env("NUAGES_EDITOR", "vscode");
        command
    }

    /// Starts the server, and waits until its port is open.
    pub(crate) fn serve(&mut self) {
        let command = self.server_command("");
        self.start(command);
    }

    /// Starts this command as the server.
    pub(crate) fn start(&mut self, mut command: Command) {
        let log = |name: &str| File::create(self.home.path().join(name)).expect("a log");
        command.stdout(log("out")).stderr(log("err"));
        self.server = Some(command.spawn().expect("it starts"));
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the port is not open: {}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the server has printed.
    pub(crate) fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        read("out") + &read("err")
    }

    /// Waits until the server has printed this.
    pub(crate) fn wait_until_said(&self, text: &str) {
        self.wait_until(&format!("{text:?} is printed"), || self.said().contains(text));
    }

    pub(crate) fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < LIMIT, "waited for: {what}\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks for a page as a tool does, and waits for the response.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// Asks for a page as a browser does.
    pub(crate) fn open(&self, path: &str) -> Answer {
        self.send("GET", path, "Accept: text/html\r\nSec-Fetch-Dest: document\r\n", "")
    }

    /// The same, until there is something else than the progress of the build.
    pub(crate) fn visit(&self, path: &str) -> Answer {
        let begun = Instant::now();
        loop {
            let page = self.open(path);
            if page.status != 503 || !page.body.contains("Building the project") {
                return page;
            }
            assert!(begun.elapsed() < LIMIT, "the build does not end: {}", self.said());
        }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let host = format!("127.0.0.1:{}", self.port);
        self.send_to(method, path, &host, headers, body)
    }

    pub(crate) fn send_to(&self, method: &str, path: &str, host: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the port is open");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("the request is sent");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{error}: {}", self.said()));
        Answer::parse(&bytes).unwrap_or_else(|| panic!("no response: {bytes:?}\n{}", self.said()))
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.server.as_ref().expect("started").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    }

    /// Waits for the end of the server.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.server.as_mut().expect("started").try_wait().expect("it is ours") {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not end: {}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The processes of this project, as `/proc` shows them: cargo, compilers and the program.
    pub(crate) fn processes(&self) -> Vec<String> {
        let own = std::process::id().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("Linux").flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let state = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let is_zombie = state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
            let here =
                fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(self.home.path()));
            let ours = here || line.contains(&self.name);
            if ours && !is_zombie && id != own && id.bytes().all(|byte| byte.is_ascii_digit()) {
                found.push(format!("{id} {line}"));
            }
        }
        found
    }

    /// Fails if a process of this project is left a moment after the end.
    pub(crate) fn assert_no_process(&self) {
        let begun = Instant::now();
        while !self.processes().is_empty() {
            let left = self.processes();
            assert!(
                begun.elapsed() < Duration::from_secs(3),
                "processes are left: {left:#?}\n{}",
                self.said()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A stream of the events that an open page gets.
    pub(crate) fn events(&self) -> Events {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the port is open");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "GET /__nuages/events HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        Events { stream, text: String::new() }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It has ended already, in some tests.
            let _ = Command::new("kill").arg(server.id().to_string()).stderr(Stdio::null()).status();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(5) && matches!(server.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(10));
            }
            let _ = server.kill();
            let _ = server.wait();
        }
        // The shared target folder keeps nothing of a test.
        let debug = Path::new(env!("CARGO_BIN_EXE_manage")).with_file_name("");
        let of_this = |name: &str| name.starts_with(&self.name);
        for folder in [".", "deps", "incremental", "build", ".fingerprint"] {
            for entry in fs::read_dir(debug.join(folder)).into_iter().flatten().flatten() {
                if of_this(&entry.file_name().to_string_lossy()) {
                    // One of the two is right.
                    let _ = fs::remove_file(entry.path());
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
    }
}

/// The events of an open page.
pub(crate) struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    /// The state of the site: the numbers of its pages and of its style sheets.
    pub(crate) fn next(&mut self) -> (u64, u64) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let json = event.rsplit_once("data: ").map(|(_, json)| json.to_owned());
                self.text = rest.to_owned();
                let Some(json) = json else { continue };
                let event: serde_json::Value = serde_json::from_str(&json).expect("JSON");
                let number = |name: &str| event[name].as_u64().expect("a number");
                return (number("page"), number("css"));
            }
            let mut buffer = [0; 4096];
            let read = self.stream.read(&mut buffer).expect("an event");
            assert!(read > 0, "the events have ended");
            self.text += &String::from_utf8_lossy(&buffer[..read]);
        }
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    /// Fails unless the status is this one and the body contains the text.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        assert!(self.body.contains(text), "{text:?} is not in:\n{}", self.body);
    }
}

/// The project's own program, in its folder.
pub(crate) fn program(site: &Site, args: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_manage")).with_file_name(&site.name);
    command(&program, &site.folder(), args)
}
