//! The program killed (SIGKILL) two hundred times while it writes: every change that was answered is there.

use std::{
    fs,
    ops::RangeInclusive,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::support::{program::Program, visitor::Visitor};

const KILLS: u64 = 200;
const VISITORS: usize = 6;

/// A visitor, the last count in a response, and how many requests have failed since.
struct Counting {
    visitor: Visitor,
    answered: u64,
    unanswered: u64,
}

impl Counting {
    fn new(visitor: Visitor) -> Self {
        Self { visitor, answered: 0, unanswered: 0 }
    }

    /// Writes that were under way at a kill may have been done.
    fn possible(&self) -> RangeInclusive<u64> {
        self.answered..=self.answered + self.unanswered
    }
}

/// Counts until the server is gone. After every 40th answer it goes home, and another comes.
async fn count_until_the_end(
    mut counting: Counting,
    round: u64,
    answers: Arc<AtomicU64>,
) -> (Counting, Vec<Counting>) {
    let mut gone_home = Vec::new();
    loop {
        let key = counting.visitor.cookie.clone();
        counting.unanswered += 1;
        let Ok(answer) = counting.visitor.try_get("/count/").await else { return (counting, gone_home) };
        assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        answers.fetch_add(1, Ordering::Relaxed);
        let count = answer.count();
        let possible = counting.possible();
        assert!(
            count > counting.answered && possible.contains(&count),
            "round {round}: {count} of {possible:?}"
        );
        assert!(key.is_none() || counting.visitor.cookie == key, "round {round}: the session is lost");
        (counting.answered, counting.unanswered) = (count, 0);
        if count.is_multiple_of(40) {
            let fresh = Counting::new(counting.visitor.twin());
            gone_home.push(std::mem::replace(&mut counting, fresh));
            counting.visitor.cookie = None;
        }
    }
}

async fn killed_while_writing(lines: &str, check: impl Fn(&Path, Moment)) {
    let mut program = Program::new(&format!("SESSION_ENGINE = {lines}"));
    let (mut counting, mut gone_home) = (Vec::new(), Vec::<Counting>::new());
    let (begun, mut answers) = (Instant::now(), 0);
    for round in 0..KILLS {
        program.start();
        if counting.is_empty() {
            counting.extend((0..VISITORS).map(|_| Counting::new(program.visitor())));
        }
        let mut running = JoinSet::new();
        let answered = Arc::new(AtomicU64::new(0));
        for mut one in counting.drain(..) {
            one.visitor = one.visitor.moved_to(&program.visitor());
            running.spawn(count_until_the_end(one, round, answered.clone()));
        }
        tokio::time::sleep(Duration::from_millis(10 + round * 37 % 60)).await;
        // A slow machine gets no answer so soon: each kill is to meet a server that writes.
        let begun = Instant::now();
        while answered.load(Ordering::Relaxed) < 5 && begun.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill();
        for (one, home) in running.join_all().await {
            counting.push(one);
            gone_home.extend(home);
        }
        if round % 20 == 19 {
            check(program.folder(), Moment::Killed);
        }
    }
    program.start();
    program.visitor().get("/count/").await.assert_count(1);
    check(program.folder(), Moment::WrittenAgain);
    let engine = program.engine();
    for one in counting.iter().chain(&gone_home) {
        let Some(key) = &one.visitor.cookie else { continue };
        let count = engine.load(key).await.expect("loads").get::<u64>("count").expect("a number");
        let possible = one.possible();
        assert!(count.is_some_and(|count| possible.contains(&count)), "{count:?} of {possible:?}");
        answers += one.answered;
    }
    assert!(answers > KILLS, "too few answers for a test: {answers}");
    eprintln!(
        "{KILLS} kills in {:.0?}: {answers} acknowledged writes to {} sessions, none lost",
        begun.elapsed(),
        counting.len() + gone_home.len()
    );
}

/// When the folder is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Killed,
    /// After the first write of the next process.
    WrittenAgain,
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_lose_no_acknowledged_write_of_the_db_engine() {
    killed_while_writing("\"db\"", |folder, _| {
        let database = rusqlite::Connection::open(folder.join("db.sqlite3")).expect("opens");
        let found: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
        assert_eq!(found, "ok");
        for name in names(folder) {
            let ours = ["settings.toml", "sessions", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"];
            assert!(ours.contains(&name.as_str()), "{name} left behind");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_lose_no_acknowledged_write_of_the_file_engine() {
    killed_while_writing("\"file\"", |folder, moment| {
        let folder = folder.join("sessions");
        for name in names(&folder) {
            let session = name.strip_prefix("sessionid").is_some_and(|key| key.len() == 32);
            assert!(session || folder.join(&name).is_dir(), "{name} left behind");
        }
        let user = fs::metadata(&folder).expect("the folder of the test").uid();
        let private = folder.join(format!(".nuages-{user}"));
        for name in names(&private) {
            let allowed = name.ends_with(".lock") || (name.ends_with(".tmp") && moment == Moment::Killed);
            assert!(allowed, "{name} left behind");
        }
        // Not every kill meets a file half written: this one counts as one.
        fs::write(private.join("05-halfwritten.tmp"), "half").expect("writes");
    })
    .await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn two_hundred_kills_lose_no_acknowledged_write_of_the_db_engine_on_postgresql() {
    let server = crate::support::postgres_server::PostgresServer::shared().await;
    let lines = format!("\"db\"\n{}", server.address.toml(""));
    killed_while_writing(&lines, |_, _| {}).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis"]
async fn two_hundred_kills_lose_no_acknowledged_write_of_cached_db() {
    use crate::support::redis_server::{RedisServer, unique_prefix};
    let server = RedisServer::shared();
    let (prefix, url) = (unique_prefix(), server.url());
    let lines = format!(
        "\"cached_db\"\n[CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"{url}\"\n\
         KEY_PREFIX = \"{prefix}\"\n[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\""
    );
    killed_while_writing(&lines, |_, _| {}).await;
}
