//! `manage sessions`: the real program on a project's folder, with sessions as a Django site keeps them.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use nuages::{
    Clock,
    db::rusqlite::{Connection, params},
    sessions::{Expiry, Session, SessionEngine},
    settings::Settings,
};
use serde_json::{Value, json};
use support::project_with;
use tempfile::TempDir;

/// The table as Django's migration makes it.
const TABLE: &str = "CREATE TABLE \"django_session\" (\"session_key\" varchar(40) NOT NULL PRIMARY KEY, \
     \"session_data\" text NOT NULL, \"expire_date\" datetime NOT NULL); \
     CREATE INDEX \"django_session_expire_date_a5c62663\" ON \"django_session\" (\"expire_date\");";

/// A project's folder.
struct Site {
    folder: TempDir,
    engine: SessionEngine,
    clock: Clock,
}

impl Site {
    fn new(more: &str) -> Self {
        let folder = project_with(&format!("SESSION_FILE_PATH = \".\"\n{more}"));
        let file = folder.path().join("settings.toml");
        let settings = Settings::load_with(&file, []).unwrap_or_else(|errors| panic!("{errors}"));
        let clock = Clock::system();
        let engine = SessionEngine::from_settings_with_clock(&settings, clock.clone());
        let engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
        let site = Self { folder, engine, clock };
        site.database().execute_batch(TABLE).expect("a table");
        site
    }

    fn database(&self) -> Connection {
        Connection::open(self.path().join("db.sqlite3")).expect("opens")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn store(&self, values: Value) -> String {
        self.store_with(values, |_| {}).await
    }

    /// Stores a session and gives its key.
    async fn store_with(&self, values: Value, change: impl FnOnce(&mut Session)) -> String {
        let mut session = self.engine.new_session();
        for (name, value) in values.as_object().expect("an object") {
            session.insert(name, value).expect("JSON");
        }
        change(&mut session);
        assert_eq!(self.engine.save(&mut session).await.expect("saves"), nuages::sessions::Saved::Stored);
        session.key().expect("a key").as_str().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
        command.arg("sessions").args(args).current_dir(self.path()).env("NO_COLOR", "1");
        // The settings of whoever runs the tests stay out of it.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NUAGES_"))
        {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it runs")
    }

    /// What a command that succeeds prints.
    fn run(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {stdout}{stderr}");
        assert_eq!(stderr, "", "{args:?} on stderr, which is no terminal");
        stdout
    }

    /// What a command that fails tells.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    fn lines_of_json(&self, args: &[&str]) -> Vec<Value> {
        self.run(args).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn list_shows_the_facts_and_never_a_whole_key() {
    let site = Site::new("");
    let key = site.store(json!({"_auth_user_id": "42", "cart": [1, 2]})).await;
    let anonymous = site.store(json!({"x": 1})).await;
    let stdout = site.run(&["list"]);
    assert!(!stdout.contains(&key) && !stdout.contains(&key[..7]), "{stdout}");
    let row = stdout.lines().find(|line| line.starts_with(&key[..6])).expect("its row");
    assert!(row.contains(" 42 ") && row.contains(" B"), "{row}");
    let row = stdout.lines().find(|line| line.starts_with(&anonymous[..6])).expect("its row");
    assert_eq!(row.split_whitespace().nth(1), Some("-"), "{row}");
    assert!(stdout.starts_with("key     user  last saved"), "{stdout}");
    assert!(stdout.ends_with("2 sessions.\n"), "{stdout}");

    let rows = site.lines_of_json(&["list", "--json"]);
    let row = rows.iter().find(|row| row["key"] == key[..6]).expect("its object");
    assert_eq!(
        (&row["user"], &row["expired"], &row["readable"]),
        (&json!("42"), &json!(false), &json!(true))
    );
    assert!(row["saved"].as_str().is_some_and(|saved| saved.ends_with('Z')), "{row}");
    assert!(row["bytes"].as_u64() > Some(50) && row["created"].is_null(), "{row}");
    assert!(!site.run(&["list", "--json"]).contains(&key));
}

#[tokio::test]
async fn list_goes_by_pages_users_and_ends() {
    let site = Site::new("");
    for n in 0..7 {
        site.store(json!({"_auth_user_id": (n % 2).to_string()})).await;
    }
    site.clock.rewind(Duration::from_secs(20 * 86_400));
    for n in 0..3 {
        site.store(json!({"_auth_user_id": n.to_string()})).await;
    }
    let keys = |args: &[&str]| -> Vec<String> {
        let stdout = site.run(args);
        let rows = stdout.lines().skip(1).filter(|line| !line.ends_with('.') && !line.contains("More:"));
        rows.map(|line| line[..6].to_owned()).collect()
    };
    let all = keys(&["list"]);
    assert_eq!(all.len(), 10);
    let mut paged = Vec::new();
    for page in ["1", "2", "3", "4"] {
        paged.extend(keys(&["list", "--per-page", "3", "--page", page]));
    }
    assert_eq!(paged, all);
    let stdout = site.run(&["list", "--per-page", "3", "--page", "2"]);
    assert!(stdout.ends_with("4 to 6 of 10 sessions. More: --page 3\n"), "{stdout}");
    let stdout = site.run(&["list", "--per-page", "3", "--page", "5"]);
    assert_eq!(stdout, "No sessions on page 5 of 10 sessions.\n");
    assert_eq!(site.lines_of_json(&["list", "--json", "--per-page", "4"]).len(), 4);

    assert_eq!(keys(&["list", "--user", "1"]).len(), 4);
    assert_eq!(keys(&["list", "--expired"]).len(), 3);
    let stdout = site.run(&["list", "--expired", "--user", "2"]);
    assert!(stdout.ends_with("1 session.\n"), "{stdout}");
    let stdout = site.run(&["list", "--user", "1", "--per-page", "3"]);
    assert!(stdout.ends_with("1 to 3. More: --page 2\n"), "{stdout}");
    assert_eq!(site.run(&["list", "--user", "nobody"]), "No sessions.\n");
    let ended = site.lines_of_json(&["list", "--json", "--expired"]);
    assert!(ended.len() == 3 && ended.iter().all(|row| row["expired"] == true), "{ended:?}");
}

#[tokio::test]
async fn show_decodes_and_masks_unless_stderr_to_reveal() {
    let site = Site::new("SESSION_ABSOLUTE_AGE = 3000000");
    let mut values = json!({"_auth_user_id": "5", "_auth_user_hash": "d1a5", "name": "Zoë\u{9b}"});
    values["cart"] = json!([{"api_token": "t0p"}]);
    let key = site.store(values).await;
    site.store(json!({"x": 1})).await;
    for name in [&key[..], &key[..8]] {
        let stdout = site.run(&["show", name]);
        assert!(
            stdout.contains("\"_auth_user_id\": \"5\"") && stdout.contains("\"name\": \"Zoë\\u009b\""),
            "{stdout}"
        );
        assert!(!stdout.contains("d1a5") && !stdout.contains("t0p") && !stdout.contains(&key), "{stdout}");
        assert!(stdout.contains("created") && stdout.contains("(in 13 days)"), "{stdout}");
        assert!(stdout.ends_with("2 values are masked: --reveal shows them\n"), "{stdout}");
    }
    let stdout = site.run(&["show", &key, "--reveal"]);
    assert!(stdout.contains("d1a5") && stdout.contains("t0p") && !stdout.contains("masked"), "{stdout}");
    let shown: Value = serde_json::from_str(&site.run(&["show", &key, "--json"])).expect("JSON");
    assert_eq!(shown["data"]["cart"], json!([{"api_token": "********"}]));
    assert_eq!(shown["user"], "5");
    assert!(site.engine.exists(&key).await.expect("looks"), "showing changed it");
}

#[tokio::test]
async fn an_ambiguous_beginning_says_how_to_go_on() {
    let site = Site::new("");
    site.store(json!({"x": 1})).await;
    for end in ["aaa", "abb", "b"] {
        let copy = "INSERT INTO django_session SELECT 'zzzzzz' || ?1 || substr(session_key, 10), \
                    session_data, expire_date FROM django_session LIMIT 1";
        site.database().execute(copy, [end]).expect("copies");
    }
    let stderr = site.fails(&["show", "zzz"]);
    assert!(stderr.contains("hint: give more of it: zzzzzzaa, zzzzzzab, zzzzzzb"), "{stderr}");
    let stderr = site.fails(&["revoke", "nothere"]);
    assert!(stderr.contains("no stored session has this key"), "{stderr}");
    site.run(&["revoke", "zzzzzzb"]);
    assert_eq!(site.lines_of_json(&["list", "--json"]).len(), 3);
}

#[tokio::test]
async fn revoke_ends_one_a_users_or_all() {
    let site = Site::new("");
    let mut keys = Vec::new();
    for n in 0..6 {
        keys.push(site.store(json!({"_auth_user_id": (n % 2).to_string()})).await);
    }
    let stdout = site.run(&["revoke", &keys[0]]);
    assert_eq!(stdout, format!("The session {}… of user 0 is ended.\n", &keys[0][..6]));
    assert!(!site.engine.exists(&keys[0]).await.expect("looks"));
    assert!(site.fails(&["revoke", &keys[0]]).contains("no stored session"));
    assert_eq!(site.run(&["revoke", "--user", "1"]), "3 sessions of user 1 are ended.\n");
    assert_eq!(site.run(&["revoke", "--user", "1"]), "User 1 has no session.\n");
    assert!(site.engine.exists(&keys[2]).await.expect("looks"), "another user's session ended");

    let stderr = site.fails(&["revoke", "--all"]);
    assert!(stderr.contains("no session was ended") && stderr.contains("--noinput"), "{stderr}");
    assert!(site.engine.exists(&keys[2]).await.expect("looks"), "ended without an answer");
    let mut asked = site
        .command(&["revoke", "--all"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    asked.stdin.take().expect("a pipe").write_all(b"yes\n").expect("answers");
    let output = asked.wait_with_output().expect("ends");
    assert!(
        text(&output.stdout).contains("This ends all 2 sessions: every user is logged out."),
        "{output:?}"
    );
    assert!(text(&output.stdout).ends_with("2 sessions are ended.\n"), "{output:?}");
    site.store(json!({"x": 1})).await;
    assert_eq!(site.run(&["revoke", "--all", "--noinput"]), "1 session is ended.\n");
    assert_eq!(site.output(&["revoke"]).status.code(), Some(2));
    assert_eq!(site.output(&["revoke", "--all", "--user", "1"]).status.code(), Some(2));
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_skipped_and_counted() {
    let site = Site::new("");
    let mut keys = Vec::new();
    for _ in 0..4 {
        keys.push(site.store(json!({"_auth_user_id": "1"})).await);
    }
    keys.sort();
    let refuse = |key: &str| {
        let trigger = format!(
            "CREATE TRIGGER keep_{key} BEFORE DELETE ON django_session WHEN OLD.session_key = '{key}' \
             BEGIN SELECT RAISE(ABORT, 'kept'); END"
        );
        site.database().execute_batch(&trigger).expect("a trigger");
    };
    refuse(&keys[0]);
    let output = site.output(&["revoke", "--user", "1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "3 sessions of user 1 are ended.\n");
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: 1 session could not be ended and was skipped: "), "{stderr}");
    assert!(stderr.contains("kept"), "{stderr}");
    assert_eq!(site.lines_of_json(&["list", "--json"]).len(), 1, "the others are ended");
}

#[tokio::test]
async fn hashed_keys_go_by_the_cookies_key_and_by_the_listed_one() {
    let site = Site::new("SESSION_HASH_KEYS = true");
    let (one, two) = (site.store(json!({"n": 1})).await, site.store(json!({"n": 2})).await);
    let rows = site.lines_of_json(&["list", "--json"]);
    assert!(rows.iter().all(|row| row["key"] != one[..6] && row["key"] != two[..6]), "{rows:?}");
    let shown: Value = serde_json::from_str(&site.run(&["show", &one, "--json"])).expect("JSON");
    assert_eq!(shown["data"]["n"], 1);
    site.run(&["revoke", &one]);
    let left = site.lines_of_json(&["list", "--json"]);
    assert_eq!(left.len(), 1);
    site.run(&["revoke", left[0]["key"].as_str().expect("a prefix")]);
    assert!(!site.engine.exists(&two).await.expect("looks"));
}

#[tokio::test]
async fn stats_count_by_state_age_and_size() {
    let site = Site::new("");
    site.store(json!({"_auth_user_id": "1"})).await;
    site.store(json!({"note": "x".repeat(50)})).await;
    let broken = site.store(json!({"x": 1})).await;
    site.clock.rewind(Duration::from_secs(2 * 86_400));
    let later = Duration::from_secs(40 * 86_400);
    site.store_with(json!({"x": 1}), |session| session.set_expiry(Expiry::After(later))).await;
    site.clock.rewind(Duration::from_secs(30 * 86_400));
    site.store(json!({"x": 1})).await;
    let update = "UPDATE django_session SET session_data = 'broken' WHERE session_key = ?1";
    site.database().execute(update, [broken]).expect("breaks");
    let stats: Value = serde_json::from_str(&site.run(&["stats", "--json"])).expect("JSON");
    assert_eq!(
        (&stats["total"], &stats["expired"], &stats["active"]),
        (&json!(5), &json!(1), &json!(4)),
        "{stats}"
    );
    let of_active =
        ["logged_in", "anonymous", "unreadable"].map(|name| stats[name].as_u64().expect("a count"));
    assert_eq!(of_active, [1, 2, 1], "{stats}");
    let stdout = site.run(&["stats"]);
    for line in ["  total                          5", "  active                         4", "largest"] {
        assert!(stdout.contains(line), "{line:?} in {stdout}");
    }
    assert!(stdout.contains("  under 3 days                   1 ####"), "{stdout}");
    assert_eq!(Site::new("").run(&["stats"]).lines().count(), 6);
}

#[tokio::test]
async fn damaged_and_foreign_rows_are_listed_and_never_stop_the_command() {
    let site = Site::new("");
    let good = site.store(json!({"x": 1})).await;
    let database = site.database();
    let rows: [(&[u8], &[u8], &str); 3] = [
        (b"foreign0foreign0foreign0foreign0", b"another:secret:signed", "2099-01-01 00:00:00"),
        (b"garbage0garbage0garbage0garbage0", b"\xff\xfe\x00", "soon"),
        (b"te\x1b[2Jrminal", b"", "2099-01-01 00:00:00"),
    ];
    for (key, data, expires) in rows {
        let insert = "INSERT INTO django_session VALUES (CAST(?1 AS TEXT), CAST(?2 AS TEXT), ?3)";
        database.execute(insert, params![key, data, expires]).expect("inserts");
    }
    database.execute("INSERT INTO django_session VALUES (x'00ff', x'00', 5)", []).expect("inserts");
    for (args, lines) in [(&["list"][..], 6), (&["list", "--json"], 4)] {
        let output = site.output(args);
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), stdout.lines().count()), (Some(1), lines), "{stdout}");
        assert!(
            stderr.starts_with("error: 3 sessions cannot be read: whose they are is unknown\n"),
            "{stderr}"
        );
        assert!(args.len() > 1 || stdout.contains("unreadable") && !stdout.contains('\u{1b}'), "{stdout}");
    }
    let stderr = site.fails(&["show", "foreign0"]);
    assert!(stderr.contains("cannot be read") && stderr.contains("SECRET_KEY"), "{stderr}");
    site.run(&["stats"]);
    site.run(&["revoke", "garbage"]);
    site.run(&["revoke", &good]);
    site.run(&["revoke", "--all", "--noinput"]);
    let left: i64 =
        database.query_row("SELECT count(*) FROM django_session", [], |row| row.get(0)).expect("counts");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn files_are_listed_shown_and_ended_too() {
    let site = Site::new("SESSION_ENGINE = \"file\"");
    let key = site.store(json!({"_auth_user_id": "7"})).await;
    site.store(json!({"x": 1})).await;
    assert_eq!(site.lines_of_json(&["list", "--json", "--per-page", "1", "--page", "2"]).len(), 1);
    assert!(site.run(&["show", &key[..10]]).contains("\"_auth_user_id\": \"7\""));
    assert_eq!(site.run(&["revoke", "--user", "7"]), "1 session of user 7 is ended.\n");
    assert_eq!(site.run(&["list"]).lines().count(), 3);
}

#[test]
fn cookies_and_memory_leave_nothing_to_see_and_a_missing_table_says_what_to_do() {
    let site = Site::new("SESSION_ENGINE = \"signed_cookies\"");
    for args in [&["list"][..], &["stats"], &["show", "abc"], &["revoke", "--all", "--noinput"]] {
        let stderr = site.fails(args);
        assert!(stderr.contains("there is nothing on the server"), "{stderr}");
    }
    let site = Site::new("");
    site.database().execute_batch("DROP TABLE django_session").expect("drops");
    let stderr = site.fails(&["list"]);
    assert!(stderr.contains("the table django_session is missing: run `manage migrate`"), "{stderr}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let site = Site::new("");
    for _ in 0..20 {
        site.store(json!({"x": "y".repeat(2_000)})).await;
    }
    let mut child = site
        .command(&["list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
