//! `clearsessions` on hundreds of thousands of expired rows while the program serves: nobody waits for it.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use tokio::task::JoinSet;

use super::program::Program;

/// What a request may wait because of it.
const PATIENCE: Duration = Duration::from_millis(250);
const VISITORS: usize = 8;

/// Puts expired rows beside those of the visitors.
fn expire(program: &Program, rows: u32) {
    let mut database = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    let writing = database.transaction().expect("begins");
    let data = "eyJjb3VudCI6MSwibGFzdCI6eyJwYXRoIjoiL2FydGljbGVzLzIwMjYvbnVhZ2VzLyJ9fQ:1vN0aa:".to_owned();
    let data = data + &"x".repeat(43);
    let insert = "INSERT INTO django_session VALUES (lower(hex(randomblob(16))), ?1, ?2)";
    let mut insert = writing.prepare(insert).expect("prepares");
    for row in 0..rows {
        // Two weeks of a site's life, not one moment.
        let ended = format!("2024-01-{:02} {:02}:{:02}:00", row % 14 + 1, row / 14 % 24, row / 336 % 60);
        insert.execute(params![data, ended]).expect("inserts");
    }
    drop(insert);
    writing.commit().expect("commits");
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

/// Visitors who come and go on until they are told to stop.
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
                    tokio::time::sleep(Duration::from_millis(5)).await;
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

async fn cleared_under_load(rows: u32) {
    let mut program = Program::new("SESSION_ENGINE = \"db\"");
    expire(&program, rows);
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
    assert!(during.answers > 100, "too few requests for a test: {during:?}");
    // Whatever a page without a session waits is not the store's fault.
    for slowest in [during.read, during.write] {
        let because_of_it = slowest.saturating_sub(during.plain);
        assert!(because_of_it < PATIENCE, "a request waited {because_of_it:?}: {during:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_four_hundred_thousand_rows_holds_no_request_up() {
    cleared_under_load(400_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of minutes, for docs/reliability.md"]
async fn clearing_a_million_rows_holds_no_request_up() {
    cleared_under_load(1_000_000).await;
}
