//! A session folder that other users can write to: planted links, folders, FIFOs and files.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use nuages::{
    Clock, StatusCode,
    sessions::{Clear, Saved, SessionEngine},
    settings::Settings,
};

use crate::support::{program::Program, site::settings_in};

fn settings(engine: &str, folder: &Path, more: &str) -> Settings {
    settings_in(folder, &format!("SESSION_ENGINE = '{engine}'\nSESSION_FILE_PATH = '.'\n{more}"))
}

const KEYS: [&str; 4] = ["plantedfifo", "plantedlink", "plantedfolder", "plantednowhere"];

fn engine(folder: &Path, clock: &Clock) -> SessionEngine {
    SessionEngine::from_settings_with_clock(&settings("file", folder, ""), clock.clone())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

async fn stored(engine: &SessionEngine, count: u32) -> String {
    let mut session = engine.new_session();
    session.insert("count", count).expect("a number");
    assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
    session.key().expect("a key").as_str().to_owned()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

/// A folder as the system's temporary one.
fn shared_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).expect("a mode");
    folder
}

/// Puts what is no session under the names of four sessions.
fn plant(folder: &Path) {
    let names = KEYS.map(|key| folder.join(format!("sessionid{key}")));
    assert!(Command::new("mkfifo").arg(&names[0]).status().expect("mkfifo is installed").success());
    fs::write(folder.join("secret"), "a file of this user").expect("writes");
    symlink(folder.join("secret"), &names[1]).expect("a link");
    fs::create_dir(&names[2]).expect("a folder");
    symlink(folder.join("nowhere"), &names[3]).expect("a link");
}

#[tokio::test]
async fn planted_links_and_files_are_not_written_to() {
    let folder = shared_folder();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").expect("writes");
    // The names that could be guessed.
    let guessed = |stripe: u32, kind| folder.path().join(format!(".nuages-sessionid-{stripe:02}.{kind}"));
    for stripe in 0..64 {
        for kind in ["tmp", "lock"] {
            let path = guessed(stripe, kind);
            if stripe % 2 == 0 {
                symlink(&victim, path).expect("a link");
            } else {
                fs::write(&path, "planted").expect("writes");
                fs::set_permissions(path, Permissions::from_mode(0o666)).expect("a mode");
            }
        }
    }
    let engine = engine(folder.path(), &Clock::system());
    for count in 0..10 {
        let key = stored(&engine, count).await;
        let mut session = engine.load(&key).await.expect("loaded");
        session.insert("more", "text").expect("text");
        session.cycle_key();
        assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key").as_str();
        let file = folder.path().join(format!("sessionid{key}"));
        assert!(fs::symlink_metadata(&file).expect("it is there").is_file());
        assert_eq!(mode(&file), 0o600);
    }
    assert_eq!(fs::read_to_string(&victim).expect("it is there"), "precious");
    for stripe in (1..64).step_by(2) {
        for kind in ["tmp", "lock"] {
            assert_eq!(fs::read_to_string(guessed(stripe, kind)).expect("it is there"), "planted");
        }
    }
    let user = fs::metadata(folder.path()).expect("it is there").uid();
    assert_eq!(mode(&folder.path().join(format!(".nuages-{user}"))), 0o700);
}

#[tokio::test]
async fn a_private_folder_of_somebody_else_is_refused() {
    for planted in ["link", "open folder"] {
        let folder = shared_folder();
        let user = fs::metadata(folder.path()).expect("it is there").uid();
        let private = folder.path().join(format!(".nuages-{user}"));
        let elsewhere = tempfile::tempdir().expect("a folder");
        if planted == "link" {
            symlink(elsewhere.path(), &private).expect("a link");
        } else {
            fs::create_dir(&private).expect("a folder");
            fs::set_permissions(&private, Permissions::from_mode(0o777)).expect("a mode");
        }
        let engine = engine(folder.path(), &Clock::system());
        let mut session = engine.new_session();
        session.insert("count", 1).expect("a number");
        let error = engine.save(&mut session).await.expect_err("refused");
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        let text = format!("{error:?}");
        assert!(
            text.contains("set SESSION_FILE_PATH to a folder that only this user can write to"),
            "{text}"
        );
        assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_an_empty_session_and_ends_no_sweep() {
    let (folder, clock) = (shared_folder(), Clock::system());
    plant(folder.path());
    let engine = engine(folder.path(), &clock);
    let begun = Instant::now();
    for key in KEYS {
        assert!(engine.load(key).await.expect("no error of the visitor's").is_empty(), "{key}");
        assert!(engine.exists(key).await.expect("asked"), "{key} is taken");
    }
    for count in 0..3 {
        stored(&engine, count).await;
    }
    assert_eq!(engine.count().await.expect("counted"), Some(7));
    let (listed, next) = engine.list(None).await.expect("listed");
    let readable = listed.iter().filter(|info| info.data.is_some()).count();
    assert!((listed.len(), readable, next.is_none()) == (7, 3, true), "{} {readable}", listed.len());

    clock.advance(Duration::from_secs(1_300_000));
    let mut last = None;
    let removed = engine.clear(Clear::Expired, |progress| last = Some(progress)).await.expect("cleared");
    assert_eq!((removed, last.map(|progress| progress.skipped)), (3, Some(4)));
    // Everything with a session's name goes, except the folder.
    let live = stored(&engine, 9).await;
    let removed = engine.clear(Clear::All, |progress| last = Some(progress)).await.expect("cleared");
    assert_eq!((removed, last.map(|progress| progress.skipped)), (4, Some(1)));
    assert!(!engine.exists(&live).await.expect("asked"));
    assert_eq!(fs::read_to_string(folder.path().join("secret")).expect("it is there"), "a file of this user");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_clearing_that_was_abandoned_hides_nothing_from_the_next() {
    let (folder, clock) = (shared_folder(), Clock::system());
    let engine = engine(folder.path(), &clock);
    for count in 0..250 {
        stored(&engine, count).await;
    }
    clock.advance(Duration::from_secs(1_300_000));
    let (reached, first_batch) = std::sync::mpsc::channel();
    let clearing = engine.clear(Clear::Expired, move |progress| {
        let _ = reached.send(progress.removed);
    });
    // Dropped after its first batch.
    tokio::select! {
        biased;
        result = clearing => panic!("it ended before the pause after its first batch: {result:?}"),
        () = async {
            while first_batch.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let removed = engine.clear_expired().await.expect("cleared");
    assert_eq!(removed, 150);
    assert_eq!(engine.count().await.expect("counted"), Some(0));
}

#[test]
fn settings_that_the_file_engine_cannot_work_with_are_found_at_start_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let errors = |settings: &Settings| match SessionEngine::from_settings(settings) {
        Ok(_) => panic!("the engine was made"),
        Err(errors) => errors.to_string(),
    };
    let name = |length: usize| format!("SESSION_COOKIE_NAME = '{}'\n", "n".repeat(length));
    let text = errors(&settings("file", folder.path(), &name(216)));
    assert!(text.contains("SESSION_COOKIE_NAME") && text.contains("at most 215 bytes"), "{text}");
    assert!(SessionEngine::from_settings(&settings("file", folder.path(), &name(215))).is_ok());

    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a mode");
    let text = errors(&settings("file", folder.path(), ""));
    assert!(text.contains("SESSION_FILE_PATH") && text.contains("chmod o-w"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, to run programs as other users: tests/run starts it"]
async fn two_users_with_one_folder_do_not_disturb_each_other() {
    let folder = shared_folder();
    let mut programs = [40_001, 40_002].map(|user| {
        let program = Program::new("SESSION_ENGINE = \"file\"").run_by(user);
        let sessions = program.folder().join("sessions");
        fs::remove_dir(&sessions).expect("removes");
        symlink(folder.path(), sessions).expect("a link");
        program
    });
    programs.iter_mut().for_each(Program::start);
    let mut visitors = programs.each_ref().map(Program::visitor);
    for count in 1..=20 {
        for visitor in &mut visitors {
            visitor.get("/count/").await.assert_count(count);
        }
    }
    // Browsers send the cookies of one port to the others too: the other user's file is no session here.
    let mut stray = visitors[0].twin().moved_to(&visitors[1]);
    let answer = stray.get("/session/").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    stray.get("/count/").await.assert_count(1);
    for visitor in &mut visitors {
        visitor.get("/count/").await.assert_count(21);
    }
    let owners: Vec<u32> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("it is there").uid())
        .collect();
    assert!(owners.contains(&40_001) && owners.contains(&40_002), "{owners:?}");
}
