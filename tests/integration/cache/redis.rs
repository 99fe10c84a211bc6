//! What only the Redis cache promises: how it meets a server that is down, hung, full, or not the primary,
//! and that no message holds a credential.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use nuages::{
    Unavailable,
    cache::{CacheError, CacheStore, KeySpace, Moved, Redis, Ttl},
};

use crate::support::redis_server::{RedisServer, unique_prefix};

const LONG: Ttl = Ttl::After(Duration::from_secs(600));
/// security.md: an answer within two seconds, and recovery within two seconds.
const BOUND: Duration = Duration::from_secs(2);

fn open(url: &str) -> Redis {
    Redis::open(url, KeySpace::new("", 1)).unwrap()
}

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// The messages of an error and of all below it.
fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(" | {error} {error:?}");
        next = error.source();
    }
    text
}

fn is_unavailable(error: &CacheError) -> bool {
    error.source().is_some_and(|source| source.is::<Unavailable>())
}

/// Asserts that every operation answers within the bound that the cache is not available.
async fn assert_down(cache: &Redis) {
    let begin = Instant::now();
    let mut errors = Vec::new();
    let (get, set, swap, moved, scan) = tokio::join!(
        cache.get("k"),
        cache.set("k", value("2"), LONG),
        cache.compare_and_set("k", None, Some(value("2")), LONG),
        cache.move_value("k", b"1", "l", value("2"), LONG),
        cache.scan("", None),
    );
    errors.extend([get.err(), set.err(), swap.err(), moved.err(), scan.err()].map(Option::unwrap));
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    for error in &errors {
        assert!(is_unavailable(error), "{}", chain(error));
    }
}

/// Asserts that the cache works again within the bound, tried every 50 ms.
async fn assert_back(cache: &Redis) {
    let begin = Instant::now();
    while let Err(error) = cache.set("back", value("1"), LONG).await {
        assert!(begin.elapsed() < BOUND, "{}", chain(&error));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begin.elapsed() < BOUND);
}

#[tokio::test]
async fn opening_needs_no_server_and_using_it_later_does() {
    let mut server = RedisServer::private(&[]);
    server.stop();
    let cache = open(&server.url());
    assert_down(&cache).await;
    server.start();
    assert_back(&cache).await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_restarted_is_used_again() {
    let mut server = RedisServer::private(&[]);
    let cache = open(&server.url());
    for round in 0..3 {
        cache.set("k", value("1"), LONG).await.unwrap();
        server.stop();
        for _ in 0..3 {
            assert_down(&cache).await;
        }
        if round == 2 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_down(&cache).await;
        }
        server.start();
        assert_back(&cache).await;
        assert_eq!(cache.get("k").await.unwrap(), None, "the new server is empty");
        // The scripts are gone with the old server.
        assert!(cache.compare_and_set("k", None, Some(value("1")), LONG).await.unwrap());
        assert_eq!(cache.move_value("k", b"1", "l", value("2"), LONG).await.unwrap(), Moved::Done);
    }
}

#[tokio::test]
async fn a_connection_lost_while_idle_costs_no_request() {
    let mut server = RedisServer::private(&[]);
    let cache = open(&server.url());
    cache.set("k", value("1"), LONG).await.unwrap();
    server.stop();
    server.start();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let (one, two, three) = tokio::join!(
        cache.add("k", value("1"), LONG),
        cache.compare_and_set("l", None, Some(value("1")), LONG),
        cache.get("m"),
    );
    assert!(one.unwrap() && two.unwrap() && three.unwrap().is_none());
}

#[tokio::test]
async fn a_hung_server_is_unavailable_and_used_again() {
    let server = RedisServer::private(&[]);
    let cache = open(&server.url());
    cache.set("k", value("1"), LONG).await.unwrap();
    server.signal("STOP");
    assert_down(&cache).await;
    assert_down(&cache).await;
    // Most operations do not even wait: one in a while tries.
    let begin = Instant::now();
    let mut slow = 0;
    for _ in 0..100 {
        let each = Instant::now();
        cache.get("k").await.unwrap_err();
        slow += usize::from(each.elapsed() > Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(slow <= 3, "{slow} slow operations in {:?}", begin.elapsed());
    server.signal("CONT");
    assert_back(&cache).await;
    assert_eq!(cache.get("back").await.unwrap().as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn a_crowd_waits_for_one_attempt_only() {
    let server = RedisServer::private(&[]);
    let cache = open(&server.url());
    server.signal("STOP");
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.get("k").await.unwrap_err() });
    }
    let errors = tasks.join_all().await;
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    assert!(errors.iter().all(is_unavailable));
    server.signal("CONT");
    assert_back(&cache).await;
}

#[tokio::test]
async fn acknowledged_writes_survive_the_loss_of_the_connection() {
    let server = RedisServer::private(&[]);
    let cache = Arc::new(open(&server.url()));
    cache.set("count", value("0"), LONG).await.unwrap();
    let killer = tokio::spawn(async move {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        }
        server
    });
    let mut acknowledged = 0;
    while !killer.is_finished() {
        let Ok(Some(seen)) = cache.get("count").await else { continue };
        let count: u32 = std::str::from_utf8(&seen).unwrap().parse().unwrap();
        assert!(count >= acknowledged, "{count} after {acknowledged} were acknowledged");
        let new = Bytes::from((count + 1).to_string());
        if let Ok(true) = cache.compare_and_set("count", Some(&seen), Some(new), LONG).await {
            acknowledged = count + 1;
        }
    }
    let _server = killer.await.unwrap();
    assert!(acknowledged > 20, "{acknowledged}");
}

#[tokio::test]
async fn a_full_server_refuses_writes_and_goes_on_reading() {
    let server = RedisServer::private(&[]);
    let cache = open(&server.url());
    cache.set("k", value("1"), LONG).await.unwrap();
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
    for error in [
        cache.set("k", value("2"), LONG).await.unwrap_err(),
        cache.compare_and_set("k", Some(b"1"), Some(value("2")), LONG).await.unwrap_err(),
        cache.move_value("k", b"1", "l", value("2"), LONG).await.unwrap_err(),
    ] {
        assert!(is_unavailable(&error), "{}", chain(&error));
    }
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
    cache.set("k", value("2"), LONG).await.unwrap();
}

#[tokio::test]
async fn a_replica_refuses_writes_until_it_is_the_primary() {
    let (primary, server) = (RedisServer::private(&[]), RedisServer::private(&[]));
    assert_eq!(server.command(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]), "+OK");
    let cache = open(&server.url());
    let error = cache.compare_and_set("k", None, Some(value("1")), LONG).await.unwrap_err();
    assert!(is_unavailable(&error), "{}", chain(&error));
    assert_eq!(server.command(&["REPLICAOF", "NO", "ONE"]), "+OK");
    assert_back(&cache).await;
}

#[tokio::test]
async fn a_key_of_another_type_reads_as_absent_and_equals_no_value() {
    let (server, prefix) = (RedisServer::shared(), unique_prefix());
    let cache = Redis::open(&server.url(), KeySpace::new(&prefix, 1)).unwrap();
    server.command(&["RPUSH", &format!("{prefix}:1:secretkey"), "secretvalue"]);
    assert_eq!(cache.get("secretkey").await.unwrap(), None);
    assert_eq!(cache.get_many(&["secretkey".to_owned()]).await.unwrap(), [None]);
    assert!(!cache.compare_and_set("secretkey", Some(b"1"), None, LONG).await.unwrap());
}

#[tokio::test]
async fn keys_and_times_on_the_wire_are_djangos() {
    let (server, prefix) = (RedisServer::shared(), unique_prefix());
    let cache = Redis::open(&server.url(), KeySpace::new(&prefix, 3)).unwrap();
    cache.set("k", value("hello"), Ttl::Default).await.unwrap();
    let wire = format!("{prefix}:3:k");
    assert_eq!(server.command(&["GET", &wire]), "hello");
    let life = server.command(&["PTTL", &wire])[1..].parse::<u32>().unwrap();
    assert!((299_000..=300_000).contains(&life), "{life} ms");
    cache.set("k", value("hello"), Ttl::Never).await.unwrap();
    assert_eq!(server.command(&["PTTL", &wire]), ":-1");
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_shown_nowhere() {
    let server = RedisServer::private(&["--requirepass", "right-secret"]);
    let host = format!("127.0.0.1:{}", server.port());
    for url in [
        format!("redis://:wrong-secret@{host}/0"),
        format!("redis://secret-user:wrong-secret@{host}/0"),
        format!("redis://{host}/0?password=wrong-secret"),
        format!("redis://{host}/0"),
    ] {
        let cache = open(&url);
        assert_down(&cache).await;
        let error = cache.get("k").await.unwrap_err();
        let shown = format!("{} {cache:?}", chain(&error));
        assert!(!shown.contains("wrong-secret") && !shown.contains("secret-user"), "{shown}");
        assert!(shown.contains(&host), "{shown}");
    }
    let cache = open(&format!("redis://:right-secret@{host}/0"));
    cache.set("k", value("1"), LONG).await.unwrap();
}

#[tokio::test]
async fn user_password_and_database_are_those_of_the_url() {
    let server = RedisServer::private(&["--user", "app", "on", ">p@ss/word", "~*", "+@all"]);
    let host = format!("127.0.0.1:{}", server.port());
    for (url, database) in [
        (format!("redis://app:p%40ss%2Fword@{host}/3"), "3"),
        (format!("redis://{host}/1?db=5"), "5"),
        (format!("redis://{host}?username=app&password=p%40ss%2Fword&db=7"), "7"),
        (format!("redis://{host}"), "0"),
    ] {
        let cache = open(&url);
        cache.set("k", value("1"), LONG).await.unwrap();
        assert!(server.command(&["INFO", "keyspace"]).contains(&format!("db{database}:")), "{url}");
        assert!(server.command(&["CLIENT", "LIST"]).contains(&format!(" db={database} ")), "{url}");
    }
}

#[tokio::test]
async fn a_unix_socket_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let server = RedisServer::private(&["--unixsocket", socket.to_str().unwrap()]);
    let cache = open(&format!("unix://{}?db=2", socket.display()));
    cache.set("k", value("1"), LONG).await.unwrap();
    assert!(server.command(&["INFO", "keyspace"]).contains("db2:"));
}

#[test]
fn a_location_that_cannot_be_used_is_refused_without_its_secrets() {
    for (url, reason) in [
        ("127.0.0.1:6379", "expected redis://"),
        ("http://user:secret@host/", "expected redis://"),
        ("redis://user:secret@host:port/", "expected redis://"),
        ("redis://user:secret@host/zero", "expected redis://"),
        ("redis://user:secret@host/-1", "expected a whole number"),
        ("redis://user:secret@host/?db=x", "expected a whole number"),
        ("redis://user:secret@host/0?max_connections=5", "`max_connections` is not an option"),
        ("redis://host/0?password=secret&timeout=5", "`timeout` is not an option"),
        ("redis:///0?password=secret", "expected redis://"),
        ("redis://user:secret@host/0#insecure", "certificates are always checked"),
        #[cfg(not(feature = "tls"))]
        ("rediss://user:secret@host/0", "needs the cargo feature `tls`"),
    ] {
        let error = Redis::open(url, KeySpace::new("", 1)).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!chain(&error).contains("secret"), "{}", chain(&error));
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::{net::TcpListener, process::Command};

    use super::*;

    const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tls");
    /// Set in the process that this test starts of itself: certificates are chosen by the environment.
    const CHILD: &str = "TEST_NUAGES_REDIS_TLS";

    /// Runs this very test in a process that trusts `authority`.
    fn run_child(url: &str, authority: &str) -> String {
        let (_, module) = module_path!().split_once("::").expect("the crate and the module");
        let test = format!("{module}::certificates_are_checked");
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture"])
            .env("SSL_CERT_FILE", authority)
            .env(CHILD, url)
            .output()
            .unwrap();
        String::from_utf8_lossy(&child.stdout).into_owned()
    }

    #[tokio::test]
    async fn certificates_are_checked() {
        if let Ok(url) = std::env::var(CHILD) {
            match open(&url).set("k", value("1"), LONG).await {
                Ok(()) => println!("outcome: stored"),
                Err(error) if is_unavailable(&error) => println!("outcome: {}", chain(&error)),
                Err(error) => panic!("{}", chain(&error)),
            }
            return;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (certificate, key, ca) =
            (format!("{FILES}/server.pem"), format!("{FILES}/server.key"), format!("{FILES}/ca.pem"));
        let _server = RedisServer::private(&[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &ca,
            "--tls-auth-clients",
            "no",
            "--bind",
            "127.0.0.1",
            "127.0.0.2",
        ]);
        for (host, authority, outcome) in [
            ("127.0.0.1", ca.as_str(), "outcome: stored"),
            ("localhost", &ca, "outcome: stored"),
            ("127.0.0.1", &certificate, "invalid peer certificate"),
            ("127.0.0.2", &ca, "invalid peer certificate"),
        ] {
            let said = run_child(&format!("rediss://{host}:{port}/1"), authority);
            assert!(said.contains(outcome), "{host} {authority}: {said}");
        }
    }
}
