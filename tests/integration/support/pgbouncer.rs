//! A PgBouncer in transaction mode before a PostgreSQL server, for tests. A missing PgBouncer is a failure.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::postgres_server::Address;

pub struct PgBouncer {
    /// The database, by way of PgBouncer.
    pub address: Address,
    process: Child,
    _folder: tempfile::TempDir,
}

impl PgBouncer {
    /// Starts a PgBouncer that has this many connections to the server; `lines` are further settings.
    pub fn start(server: &Address, connections: usize, lines: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let Address { user, password, host, port: server_port, name } = server;
        let login = if password.is_empty() { String::new() } else { format!(" password={password}") };
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"{user}\" \"{password}\"\n")).expect("writes");
        let settings = format!(
            "[databases]\n{name} = host={host} port={server_port} dbname={name} user={user}{login}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {connections}\n{lines}\n",
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("writes");
        let mut command = command(folder.path());
        let process = command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
        let process = process.stderr(Stdio::null()).spawn();
        let process = process.expect("PgBouncer is installed (Debian: apt-get install pgbouncer)");
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(10), "PgBouncer does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        let address = Address { host: "127.0.0.1".into(), port, ..server.clone() };
        Self { address, process, _folder: folder }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// PgBouncer refuses to run as root.
fn command(folder: &Path) -> Command {
    use std::os::unix::fs::MetadataExt;
    let program = if Path::new("/usr/sbin/pgbouncer").exists() { "/usr/sbin/pgbouncer" } else { "pgbouncer" };
    if folder.metadata().expect("a folder").uid() != 0 {
        return Command::new(program);
    }
    let owned = Command::new("chown").args(["-R", "postgres"]).arg(folder).status();
    assert!(owned.expect("chown runs").success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
    command
}
