//! Sessions in files that cannot be read: a sweep skips them, counts them, says so and ends.
#![cfg(unix)]

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use nuages::{json, sessions::SessionEngine, settings::Settings};
use support::{Said, manage, project_with, run};
use tempfile::TempDir;

const FOLDER: &str = "sessionid11111111111111111111111111111111";
const PIPE: &str = "sessionid22222222222222222222222222222222";
const SOUND: &str = "sessionid33333333333333333333333333333333";

/// A project whose folder of sessions has an expired session, a folder and a pipe with the names of sessions.
fn project() -> TempDir {
    let folder = project_with("SESSION_ENGINE = \"file\"\nSESSION_FILE_PATH = \"sessions\"");
    let sessions = folder.path().join("sessions");
    fs::create_dir(&sessions).expect("created");
    fs::create_dir(sessions.join(FOLDER)).expect("created");
    assert!(Command::new("mkfifo").arg(sessions.join(PIPE)).status().expect("mkfifo runs").success());
    let sound = fs::File::create(sessions.join(SOUND)).expect("created");
    sound.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("aged");
    folder
}

/// Runs a command, which must end soon.
fn sweep(project: &TempDir, args: &str) -> Said {
    let begun = Instant::now();
    let said = run(manage(project.path(), args));
    assert!(begun.elapsed() < Duration::from_secs(20), "{args}");
    said
}

#[test]
fn clearsessions_goes_on_and_fails_at_its_end() {
    let project = project();
    let said = sweep(&project, "clearsessions");
    assert_eq!((said.code, said.out.as_str()), (Some(1), "Removed 1 expired session.\n"), "{said:?}");
    assert!(said.err.ends_with("error: 2 sessions could not be removed and were skipped\n"), "{said:?}");
    // The names of the files hold keys: they are counted, never shown.
    assert!(said.err.contains("2 files in ") && said.err.contains("not a regular file"), "{said:?}");
    assert!(![FOLDER, PIPE].iter().any(|name| said.err.contains(name)), "{said:?}");
    assert!(!project.path().join("sessions").join(SOUND).exists());
}

#[test]
fn listing_goes_on() {
    let project = project();
    let said = sweep(&project, "sessions list");
    assert!(said.out.contains("333333") && said.out.contains("unreadable"), "{said:?}");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("cannot be read: whose"), "{said:?}");
}

#[tokio::test]
async fn revoking_a_users_sessions_ends_them_and_says_which_it_could_not_read() {
    let project = project();
    let settings = Settings::load_with(&project.path().join("settings.toml"), []).expect("settings");
    let engine = SessionEngine::from_settings(&settings).expect("an engine");
    let mut session = engine.new_session();
    session["_auth_user_id"] = json!("5");
    let _ = engine.save(&mut session).await.expect("saved");
    for said_of_them in ["1 session of user 5 is ended.", "0 sessions of user 5 are ended."] {
        let said = sweep(&project, "sessions revoke --user 5");
        assert_eq!((said.code, said.out.trim_end()), (Some(1), said_of_them), "{said:?}");
        assert!(said.err.contains("cannot be read: whose"), "{said:?}");
        assert!(
            said.err.contains("hint: `sessions revoke --all` ends every session, these too\n"),
            "{said:?}"
        );
    }
}
