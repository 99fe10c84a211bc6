//! The program under fault: `interop_app` on a folder of its own, started, stopped, killed and started again.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nuages::{sessions::SessionEngine, settings::Settings};
use tempfile::TempDir;

use crate::support::{
    site::{SQLITE, settings_text},
    visitor::Visitor,
};

/// A site that the program serves.
pub struct Program {
    folder: PathBuf,
    /// Kept for its end.
    _home: Option<TempDir>,
    logs: TempDir,
    process: Option<Child>,
    /// The user that runs it, if it is another than the test's.
    user: Option<u32>,
    address: Option<SocketAddr>,
}

impl Program {
    /// A site in a folder of its own, with these lines in its settings, migrated. Not started yet.
    pub fn new(lines: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().to_owned();
        Self::make(folder, Some(home), lines)
    }

    /// A site in this folder, such as a small disk.
    pub fn at(folder: &Path, lines: &str) -> Self {
        Self::make(folder.to_owned(), None, lines)
    }

    fn make(folder: PathBuf, home: Option<TempDir>, lines: &str) -> Self {
        let database = if lines.contains("[DATABASES") { "" } else { SQLITE };
        let text = settings_text(&format!(
            "ALLOWED_HOSTS = [\"127.0.0.1\"]\nSESSION_FILE_PATH = \"sessions\"\n{lines}\n{database}"
        ));
        fs::create_dir_all(folder.join("sessions")).expect("a folder");
        fs::write(folder.join("settings.toml"), text).expect("writes");
        let logs = tempfile::tempdir().expect("a folder");
        let program = Self { folder, _home: home, logs, process: None, user: None, address: None };
        let migrated = program.command(&["migrate", "-v", "0"]).output().expect("it runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        program
    }

    /// The program, run by another user from now on. Needs root.
    pub fn run_by(mut self, user: u32) -> Self {
        for path in [self.folder.clone(), self.folder.join("db.sqlite3")] {
            std::os::unix::fs::chown(&path, Some(user), None).expect("this test needs root");
        }
        self.user = Some(user);
        self
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program with other arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_interop_app"));
        command.args(args).current_dir(&self.folder).env_remove("NUAGES_SETTINGS").env("NO_COLOR", "1");
        command.stdin(Stdio::null());
        if let Some(user) = self.user {
            std::os::unix::process::CommandExt::uid(&mut command, user);
        }
        command
    }

    /// The site's settings.
    pub fn settings(&self) -> Settings {
        let file = self.folder.join("settings.toml");
        Settings::load_with(&file, []).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// The site's session engine, in this process.
    pub fn engine(&self) -> SessionEngine {
        SessionEngine::from_settings(&self.settings()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// Starts it on a free port and waits until it listens.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        let mut command = self.command(&["runserver", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        let said = BufReader::new(process.stdout.take().expect("a pipe"));
        self.process = Some(process);
        for line in said.lines() {
            let line = line.expect("UTF-8");
            if let Some((_, rest)) = line.split_once("http://") {
                let address = rest.split(['/', ' ']).next().and_then(|text| text.parse().ok());
                self.address = Some(address.unwrap_or_else(|| panic!("no address in {line:?}")));
                return;
            }
        }
        panic!("it does not start: {}", self.log());
    }

    /// Starts `serve` with these arguments, and waits until its log, in `log` or else on stderr, says where it
    /// serves.
    pub fn serve(&mut self, args: &[&str], configure: impl FnOnce(&mut Command), log: Option<&Path>) {
        let stderr = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        let mut command = self.command(&[&["serve"], args].concat());
        configure(&mut command);
        command.stdout(Stdio::null()).stderr(stderr);
        self.process = Some(command.spawn().expect("it starts"));
        let log = log.map_or_else(|| self.log_file(), Path::to_owned);
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some((_, rest)) = text.split_once("serving at http://") {
                self.address = rest.split('/').next().and_then(|text| text.parse().ok());
                assert!(self.address.is_some(), "no address in {text:?}");
                return;
            }
            let ended = self.process.as_mut().and_then(|process| process.try_wait().expect("it is ours"));
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(20), "{text}{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("started")
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("started").id()
    }

    /// A visitor without a cookie.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.address.expect("started"))
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is ours");
            process.wait().expect("it ends");
        }
    }

    /// Sends it a signal, such as `-INT`.
    pub fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("started").id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status().expect("kill is installed");
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            let status = self.process.as_mut().expect("started").try_wait().expect("it is ours");
            if status.is_some() || begun.elapsed() > time {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it in an orderly way (SIGTERM).
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("started");
        let sent = Command::new("kill").arg(process.id().to_string()).status().expect("kill is installed");
        assert!(sent.success());
        let begun = Instant::now();
        while process.try_wait().expect("it is ours").is_none() {
            if begun.elapsed() > Duration::from_secs(20) {
                process.kill().expect("it is ours");
                panic!("it does not end: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has told on stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.logs.path().join("stderr")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
