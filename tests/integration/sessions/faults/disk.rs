//! Disks that are full or read-only: reads are answered, writes are 503, and both pass by themselves.

use std::time::Duration;

use crate::support::{polling::until, program::Program, small_disk::SmallDisk};

const IN_MEMORY: &str = "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \":memory:\"";

async fn full(lines: &str) {
    let disk = SmallDisk::new("6m");
    let mut program = Program::at(disk.path(), lines);
    program.start();
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    disk.fill();
    let mut stored = 1;
    loop {
        let answer = visitor.get("/count/").await;
        if answer.status != 200 {
            answer.assert_unavailable();
            break;
        }
        stored += 1;
        answer.assert_count(stored);
        assert!(stored < 100, "the disk is not full");
    }
    for _ in 0..20 {
        visitor.get("/count/").await.assert_unavailable();
        visitor.get("/session/").await.assert_count(stored);
        // A new key needs room too; until there is some, the session stays under its old one.
        visitor.get("/cycle/").await.assert_unavailable();
        visitor.get("/session/").await.assert_count(stored);
    }
    let mut stranger = program.visitor();
    stranger.get("/count/").await.assert_unavailable();
    assert_eq!((stranger.get("/plain/").await.status, stranger.cookie.as_deref()), (200, None));
    disk.empty();
    visitor.get("/count/").await.assert_count(stored + 1);
    stranger.get("/count/").await.assert_count(1);
    // What was stored is whole, for the next process too.
    program.kill();
    program.start();
    visitor = visitor.moved_to(&program.visitor());
    visitor.get("/count/").await.assert_count(stored + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_full_disk_under_the_db_engine_is_read_and_recovers() {
    full("SESSION_ENGINE = \"db\"").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_full_disk_under_the_file_engine_is_read_and_recovers() {
    full("SESSION_ENGINE = \"file\"").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_read_only_database_is_read_and_recovers() {
    let disk = SmallDisk::new("6m");
    let mut program = Program::at(disk.path(), "SESSION_ENGINE = \"db\"");
    program.start();
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    program.stop();
    disk.remount("ro");
    program.start();
    visitor = visitor.moved_to(&program.visitor());
    for _ in 0..5 {
        visitor.get("/session/").await.assert_count(1);
        visitor.get("/count/").await.assert_unavailable();
        visitor.get("/flush/").await.assert_unavailable();
        program.visitor().get("/count/").await.assert_unavailable();
    }
    disk.remount("rw");
    visitor.get("/count/").await.assert_count(2);
    // Readers that took the file for unchangeable notice within a second that it has changed.
    until(Duration::from_secs(5), async || visitor.get("/session/").await.count() == 2).await;
    visitor.get("/count/").await.assert_count(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_read_only_session_folder_is_read_and_recovers() {
    let disk = SmallDisk::new("6m");
    let mut program = Program::at(disk.path(), &format!("SESSION_ENGINE = \"file\"\n{IN_MEMORY}"));
    program.start();
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    disk.remount("ro");
    for _ in 0..5 {
        visitor.get("/session/").await.assert_count(1);
        visitor.get("/count/").await.assert_unavailable();
        visitor.get("/flush/").await.assert_unavailable();
        program.visitor().get("/count/").await.assert_unavailable();
    }
    disk.remount("rw");
    visitor.get("/count/").await.assert_count(2);
}
