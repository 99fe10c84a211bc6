//! The terminal: a pseudo-terminal with keys, and none.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::site::{LIMIT, Site};

/// The server on a pseudo-terminal, by the program `script` of util-linux.
struct Terminal {
    script: std::process::Child,
    shown: Arc<Mutex<String>>,
    /// What earlier waits have seen.
    seen: Mutex<String>,
}

impl Terminal {
    fn open(site: &Site, args: &str) -> Self {
        let server = site.server_command(args);
        let words: Vec<String> = std::iter::once(server.get_program())
            .chain(server.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        // `exec`: a shell that stays would be ended by Ctrl-C itself.
        let command = format!("exec {}", words.join(" "));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
        script.current_dir(site.folder()).env("CARGO_NET_OFFLINE", "true").env("TERM", "xterm");
        script.env_remove("NO_COLOR").env("BROWSER", "true");
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut script = script.spawn().expect("script is installed");
        let (shown, mut out) = (Arc::new(Mutex::new(String::new())), script.stdout.take().expect("piped"));
        let copy = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut buffer) {
                copy.lock().expect("no panic").push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { script, shown, seen: Mutex::default() }
    }

    fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.shown.lock().expect("no panic").contains(text) {
            assert!(begun.elapsed() < LIMIT, "{text:?} is not in:\n{}", self.shown.lock().expect("no panic"));
            thread::sleep(Duration::from_millis(20));
        }
        let mut shown = self.shown.lock().expect("no panic");
        self.seen.lock().expect("no panic").push_str(&shown);
        shown.clear();
    }

    /// Returns whether an earlier wait has seen this.
    fn said(&self, text: &str) -> bool {
        self.seen.lock().expect("no panic").contains(text)
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.script.stdin.as_mut().expect("piped");
        stdin.write_all(keys.as_bytes()).expect("typed");
        stdin.flush().expect("typed");
    }

    fn ended(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.script.try_wait().expect("it is ours") {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already, usually.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn keys_work_on_a_terminal() {
    let site = Site::migrated("keys");
    let mut terminal = Terminal::open(&site, "--open");
    terminal.wait_for("Building ");
    terminal.wait_for("tarted in");
    terminal.press("h\n");
    terminal.wait_for("r builds and starts the program again");
    terminal.press("r\n");
    terminal.wait_for("tarted in");
    assert!(terminal.said(&format!("Opened http://127.0.0.1:{}/", site.port)), "--open opens the browser");
    terminal.press("o\n");
    terminal.wait_for(&format!("Opened http://127.0.0.1:{}/", site.port));
    terminal.press("q\n");
    assert_eq!(terminal.ended(), Some(0));
    site.assert_no_process();

    // Ctrl-C, as a terminal sends it.
    let mut terminal = Terminal::open(&site, "");
    terminal.wait_for("tarted in");
    terminal.press("\u{3}");
    assert_eq!(terminal.ended(), Some(0));
    site.assert_no_process();

    // A taken port: the next one is offered.
    let taken = std::net::TcpListener::bind(("127.0.0.1", site.port)).expect("the port");
    let mut terminal = Terminal::open(&site, "");
    terminal.wait_for("instead? [Y/n]");
    terminal.press("\n");
    terminal.wait_for("tarted in");
    terminal.press("q\n");
    assert_eq!(terminal.ended(), Some(0));
    let mut terminal = Terminal::open(&site, "");
    terminal.wait_for("instead? [Y/n]");
    terminal.press("n\n");
    assert_eq!(terminal.ended(), Some(1));
    drop(taken);
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn the_banner_is_djangos_and_requests_are_logged() {
    let mut site = Site::migrated("banner");
    site.edit("src/views.rs", "let visits", "let unused_word = 1;\n    let visits");
    site.serve();
    site.visit("/").assert(200, "Bonjour");
    site.wait_until_said("\"GET / HTTP/1.1\" 200 ");
    let said = site.said();
    for line in [
        "Watching for file changes with snapshots\n",
        &format!("Nuages version {}, using settings 'settings.toml'\n", env!("CARGO_PKG_VERSION")),
        &format!(
            "Starting development server at http://127.0.0.1:{}/\nQuit the server with CONTROL-C.\n",
            site.port
        ),
        "System check identified no issues.\n",
        "warning: unused variable: `unused_word`",
        "Built in ",
    ] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "colours without a terminal: {said}");
    assert!(!said.contains("unapplied"), "{said}");
    // Warnings are not repeated by a build that does not touch their file.
    site.edit("settings.toml", "DEBUG = true", "DEBUG = true # again");
    site.visit("/").assert(200, "Bonjour");
    assert_eq!(site.said().matches("unused variable").count(), 1, "{}", site.said());
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_higher_verbosity_shows_the_time_and_the_queries_of_each_request() {
    let mut site = Site::migrated("timed");
    let command = site.server_command("-v 2");
    site.start(command);
    site.visit("/").assert(200, "Bonjour");
    site.wait_until_said("\"GET / HTTP/1.1\" 200 ");
    // The view counts a visit: the new session is one write.
    let said = site.said();
    let line = said.lines().find(|line| line.contains("INFO nuages.server: GET /: ")).expect("a line");
    assert!(line.contains(" ms, of that 1 query in "), "{line}");
}
