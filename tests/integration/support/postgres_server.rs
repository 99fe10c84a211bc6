//! PostgreSQL for tests: a database of the test's own on the server that `tests/run` started, or a private
//! server that a test may stop.
//!
//! `TEST_NUAGES_POSTGRES` is the shared server's address, `postgres://user:password@host:port/database`;
//! without it each test starts a private one. A missing PostgreSQL is a failure.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use nuages::{
    db::{Database, Databases, Postgres},
    settings::Settings,
};

use crate::support::site;

/// Where a database is, as `DATABASES` says it.
#[derive(Clone, Debug)]
pub struct Address {
    pub user: String,
    pub password: String,
    pub host: String,
    pub port: u16,
    pub name: String,
}

impl Address {
    /// A database of `server`; any further lines go below `[DATABASES.default]`.
    pub fn toml(&self, lines: &str) -> String {
        let Self { user, password, host, port, name } = self;
        format!(
            "[DATABASES.default]\nENGINE = \"postgresql\"\nNAME = \"{name}\"\nUSER = \"{user}\"\n\
             PASSWORD = \"{password}\"\nHOST = \"{host}\"\nPORT = {port}\n{lines}\n"
        )
    }

    pub fn settings(&self, lines: &str) -> Settings {
        site::settings(&self.toml(lines))
    }

    pub fn database(&self, lines: &str) -> Database {
        let databases = Databases::open(&self.settings(lines)).expect("a database");
        databases.get("default").expect("the default").clone()
    }

    pub fn open(&self, lines: &str) -> Postgres {
        match self.database(lines) {
            Database::Postgres(postgres) => postgres,
            other => panic!("expected PostgreSQL, got {other:?}"),
        }
    }

    /// From `postgres://user:password@host:port/database`.
    fn parse(url: &str) -> Option<Self> {
        let (login, rest) = url.split_once("://")?.1.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let (server, name) = rest.split_once('/')?;
        let (host, port) = server.rsplit_once(':')?;
        Some(Self {
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.parse().ok()?,
            name: name.to_owned(),
        })
    }
}

/// A PostgreSQL server, or a database on the shared one.
pub struct PostgresServer {
    pub address: Address,
    private: Option<Private>,
}

struct Private {
    folder: tempfile::TempDir,
    programs: PathBuf,
    options: String,
}

impl PostgresServer {
    /// A fresh database on the server that `tests/run` started; elsewhere a private server.
    pub async fn shared() -> Self {
        let Ok(url) = env::var("TEST_NUAGES_POSTGRES") else {
            let by_run = env::var("TEST_NUAGES_SERVICES").is_ok_and(|value| value == "1");
            assert!(!by_run, "TEST_NUAGES_SERVICES=1, but TEST_NUAGES_POSTGRES is not set");
            return Self::private("");
        };
        let mut address = Address::parse(&url).expect("TEST_NUAGES_POSTGRES is a postgres:// URL");
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let name = format!("test_{}_{}", std::process::id(), since.as_nanos());
        let client = address.open("").client().await.expect("the shared server answers");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a superuser's address");
        address.name = name;
        Self { address, private: None }
    }

    /// A server of the test's own, running, with these options of the server's command line.
    pub fn private(options: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let private = Private { folder, programs: programs(), options: options.to_owned() };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(private.folder.path()));
        }
        private
            .run("initdb", &["-U", "nuages", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let server = Self {
            address: Address {
                user: "nuages".into(),
                password: String::new(),
                host: "127.0.0.1".into(),
                port,
                name: "postgres".into(),
            },
            private: Some(private),
        };
        server.start();
        server
    }

    /// The private server's folder, in which its Unix socket is too.
    pub fn folder(&self) -> &Path {
        self.running().folder.path()
    }

    /// Starts the private server and waits until it answers.
    pub fn start(&self) {
        let private = self.running();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
             -c shared_buffers=16MB {}",
            self.address.port,
            private.folder.path().display(),
            private.options
        );
        let log = private.folder.path().join("log");
        private.run("pg_ctl", &["start", "-w", "-o", &options, "-l", &log.to_string_lossy()]);
    }

    /// Stops the private server as `pg_ctl stop -m` does: `fast` ends its connections, `immediate` kills.
    pub fn stop(&self, mode: &str) {
        self.running().run("pg_ctl", &["stop", "-w", "-m", mode]);
    }

    fn running(&self) -> &Private {
        self.private.as_ref().expect("a private server")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(private) = &self.private
            && private.data().join("postmaster.pid").exists()
        {
            self.stop("immediate");
        }
    }
}

impl Private {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs one of PostgreSQL's programs, which refuse to be root's.
    fn run(&self, program: &str, args: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).arg("-D").arg(self.data()).args(args);
        run(&mut command);
    }
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("the program is installed").success(), "{command:?}");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // A fresh file is the user's own.
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.path().metadata().expect("a file").uid() == 0
}

/// The folder of `initdb`: Debian keeps it out of the path, one for each version.
fn programs() -> PathBuf {
    if let Some(folder) = env::var_os("TEST_NUAGES_POSTGRES_PROGRAMS") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists())
        .expect("PostgreSQL is installed (Debian: apt-get install postgresql)")
}
