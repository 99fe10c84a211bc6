//! Clearing many expired rows while the program serves, with `clearsessions` and by `serve` itself: no request
//! waits for it.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::program::Program;

/// What a request may wait because of it.
const PATIENCE: Duration = Duration::from_millis(250);
const VISITORS: usize = 8;

/// How many expired rows there are; another number for a measurement.
fn rows() -> u32 {
    let number = std::env::var("TEST_NUAGES_ROWS").map(|text| text.parse().expect("a number"));
    number.unwrap_or(400_000)
}

/// Encoded data of the usual size.
fn data() -> String {
    let data = "eyJjb3VudCI6MSwibGFzdCI6eyJwYXRoIjoiL2FydGljbGVzLzIwMjYvbnVhZ2VzLyJ9fQ:1vN0aa:".to_owned();
    data + &"x".repeat(43)
}

/// The slowest answers of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct Slowest {
    /// Of a page that does not touch the store: what the machine itself costs.
    plain: Duration,
    read: Duration,
    write: Duration,
    answers: u64,
}

impl Slowest {
    fn or(self, other: Self) -> Self {
        Self {
            plain: self.plain.max(other.plain),
            read: self.read.max(other.read),
            write: self.write.max(other.write),
            answers: self.answers + other.answers,
        }
    }
}

impl Slowest {
    /// Whatever a page without a session waits is not the store's fault.
    #[track_caller]
    fn assert_nothing_waited(&self) {
        assert!(self.answers > 100, "too few requests for a test: {self:?}");
        for slowest in [self.read, self.write] {
            let because_of_it = slowest.saturating_sub(self.plain);
            assert!(because_of_it < PATIENCE, "a request waited {because_of_it:?}: {self:?}");
        }
    }
}

/// Visitors who send requests until the test stops them.
struct Load {
    stop: Arc<AtomicBool>,
    running: JoinSet<Slowest>,
}

impl Load {
    fn on(program: &Program) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for _ in 0..VISITORS {
            let (stop, mut visitor) = (stop.clone(), program.visitor());
            running.spawn(async move {
                let mut slowest = Slowest::default();
                while !stop.load(Ordering::Relaxed) {
                    for path in ["/plain/", "/session/", "/count/"] {
                        let answer = visitor.get(path).await;
                        assert_eq!(answer.status, 200, "{path}: {answer:?}");
                        let of_kind = match path {
                            "/plain/" => &mut slowest.plain,
                            "/session/" => &mut slowest.read,
                            _ => &mut slowest.write,
                        };
                        *of_kind = answer.took.max(*of_kind);
                        slowest.answers += 1;
                    }
                    // A site with visitors, not one that is overrun.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                slowest
            });
        }
        Self { stop, running }
    }

    async fn end(self) -> Slowest {
        self.stop.store(true, Ordering::Relaxed);
        self.running.join_all().await.into_iter().fold(Slowest::default(), Slowest::or)
    }
}

async fn cleared_under_load(mut program: Program, rows: u32) {
    program.start();
    let load = Load::on(&program);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = load.end().await;

    let load = Load::on(&program);
    let begun = Instant::now();
    let mut clearing = program.command(&["clearsessions"]);
    let clearing = clearing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let output = tokio::task::spawn_blocking(|| clearing.wait_with_output()).await.expect("no panic");
    let took = begun.elapsed();
    let during = load.end().await;
    let output = output.expect("ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("Removed {rows} expired sessions.\n"), "{output:?}");
    eprintln!("clearing {rows} rows took {took:.1?}\nbefore: {before:.1?}\nduring: {during:.1?}");
    during.assert_nothing_waited();
}

/// Inserts expired rows: random keys in their order, which is the same table as a site's, many times faster to
/// fill. The rows end in one of the 1,344 quarters of an hour of two weeks.
fn insert_expired(database: &Connection, rows: u32) {
    let insert = "INSERT INTO django_session \
        WITH RECURSIVE row(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM row WHERE number + 1 < ?1) \
        SELECT lower(hex(randomblob(16))) AS session_key, ?2, \
               datetime('2024-01-01', (number % 1344 * 15) || ' minutes') \
        FROM row ORDER BY session_key";
    database.execute(insert, (rows, data())).expect("inserts");
}

/// `SESSION_CLEAR_EXPIRED`: the server clears by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_clears_expired_sessions_by_itself_and_holds_no_request_up() {
    const ROWS: u32 = 10_000;
    let key = "SECRET_KEY = \"qwertzuiopasdfghjklyxcvbnm1234567890QWERTZUIOPASDFG\"";
    let mut program = Program::new(&format!("{key}\nSESSION_ENGINE = \"db\"\nSESSION_CLEAR_EXPIRED = 2"));
    let database = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    insert_expired(&database, ROWS);
    program.serve(&["127.0.0.1:0"], |_| {}, None);
    let load = Load::on(&program);
    let begun = Instant::now();
    let expired = "SELECT count(*) FROM django_session WHERE expire_date < datetime('now')";
    let left = || database.query_row(expired, [], |row| row.get::<_, u32>(0)).expect("counted");
    while left() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} rows are left", left());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eprintln!("cleared after {:.1?}", begun.elapsed());
    let during = load.end().await;
    during.assert_nothing_waited();
    // A session that ends later is cleared at one of the next times.
    insert_expired(&database, 1);
    while left() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(140), "it clears once only");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program.stop();
    assert!(program.log().contains("expired sessions were removed removed="), "{}", program.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_expired_rows_of_sqlite_holds_no_request_up() {
    let program = Program::new("SESSION_ENGINE = \"db\"");
    let database = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    insert_expired(&database, rows());
    drop(database);
    cleared_under_load(program, rows()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn clearing_expired_rows_of_postgresql_holds_no_request_up() {
    let server = crate::support::postgres_server::PostgresServer::private("");
    let program = Program::new(&format!("SESSION_ENGINE = \"db\"\n{}", server.address.toml("")));
    // One statement that inserts all rows takes longer than a request may wait.
    let patient = "[DATABASES.default.OPTIONS]\ntimeout = 300";
    let client = server.address.open(patient).client().await.expect("connects");
    let data = data();
    let insert = format!(
        "INSERT INTO django_session SELECT md5(random()::text || row), '{data}', \
         timestamptz '2024-01-01' + row % 1344 * interval '15 minutes' FROM generate_series(1, {}) AS row",
        rows()
    );
    client.batch_execute(&insert).await.expect("inserts");
    drop(client);
    cleared_under_load(program, rows()).await;
}
