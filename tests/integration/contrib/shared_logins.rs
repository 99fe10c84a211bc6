//! Logins beside a Django site: other backends, another user model, and `last_login`.

use nuages::{
    App, Clock,
    contrib::auth,
    db::{Database, Databases},
    prelude::*,
    settings::Settings,
    testing::Client,
    urls::path,
};

/// The columns of Django 5.2's `auth_user`, with a user.
const TABLE: &str = "CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL,
    last_login datetime NULL, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE,
    last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL,
    is_active bool NOT NULL, date_joined datetime NOT NULL, first_name varchar(150) NOT NULL);
    INSERT INTO auth_user VALUES
    (1, 'pbkdf2_sha256$1$a$b', NULL, 0, 'django', '', '', 1, 1, '1934-01-01', '');";
/// The same in PostgreSQL.
#[cfg(feature = "postgres")]
const POSTGRES_TABLE: &str = "CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL,
    last_login timestamp with time zone NULL, is_superuser boolean NOT NULL,
    username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL,
    is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamp with time zone NOT NULL,
    first_name varchar(150) NOT NULL);
    INSERT INTO auth_user VALUES
    (1, 'pbkdf2_sha256$1$a$b', NULL, false, 'django', '', '', true, true, '1934-01-01', '');";
const ALLAUTH: &str = "allauth.account.auth_backends.AuthenticationBackend";
const SQLITE: &str = "[DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'\n";

async fn enter(request: &mut Request) -> Result<String> {
    let user = auth::user_by_name(request.db(), "django").await?;
    auth::login(request, &user.ok_or_else(|| Error::not_found("no such user"))?).await?;
    request.session.insert("cart", 3)?;
    Ok(request.user().to_string())
}

fn who(request: &mut Request) -> String {
    format!("{} {}", request.user(), request.session["cart"])
}

/// What a login of another user model leaves in the session: Django's backend and another password's hash.
fn become_foreign(request: &mut Request) -> Result<&'static str> {
    request.session.insert("_auth_user_hash", "a hash of another model's password")?;
    Ok("done")
}

fn use_allauth(request: &mut Request) -> Result<&'static str> {
    request.session.insert("_auth_user_backend", ALLAUTH)?;
    Ok("done")
}

fn app(folder: &std::path::Path, lines: &str, database: &str) -> App {
    let text = format!(
        "SECRET_KEY = 'a key of a test'\nDEBUG = true\nSESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'\n\
         {lines}\n{database}"
    );
    let settings = Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"));
    App::new(settings).clock(Clock::system()).urls(vec![
        path("enter/", enter),
        path("who/", who),
        path("foreign/", become_foreign),
        path("allauth/", use_allauth),
    ])
}

fn databases(app: &App) -> Databases {
    app.databases().expect("the application is right")
}

async fn site(lines: &str) -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = app(folder.path(), lines, SQLITE);
    let databases = databases(&app);
    let Some(Database::Sqlite(sqlite)) = databases.get("default") else { panic!("SQLite") };
    sqlite.write(|db| db.execute_batch(TABLE)).await.expect("a table");
    (folder, app)
}

#[tokio::test]
async fn a_login_by_a_listed_backend_is_a_login_and_by_another_it_stays_unchanged() {
    let both =
        format!("AUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.ModelBackend', '{ALLAUTH}']");
    for (lines, expected) in [("", "AnonymousUser 3"), (both.as_str(), "django 3")] {
        let (_folder, app) = site(lines).await;
        let client = Client::new(app);
        client.get("/enter/").await;
        client.get("/allauth/").await;
        let cookie = client.cookie("sessionid");
        assert_eq!(client.get("/who/").await.text(), expected, "{lines}");
        assert_eq!(client.cookie("sessionid"), cookie, "{lines}");
    }
}

#[tokio::test]
async fn a_login_of_another_user_model_is_anonymous_and_its_session_is_kept() {
    let (folder, django) = site("").await;
    let client = Client::new(django);
    client.get("/enter/").await;
    client.get("/foreign/").await;
    let cookie = client.cookie("sessionid").expect("a session");
    let beside = Client::new(app(folder.path(), "AUTH_USER_MODEL = 'accounts.User'", SQLITE));
    beside.set_cookie("sessionid", &cookie);
    for _ in 0..2 {
        assert_eq!(beside.get("/who/").await.text(), "AnonymousUser 3", "nothing is lost");
    }
    assert_eq!(beside.get("/enter/").await.status(), 500, "nobody of auth_user logs in");
    assert_eq!(
        client.get("/who/").await.text(),
        "AnonymousUser null",
        "a changed password still ends the session"
    );
}

#[tokio::test]
async fn a_login_with_a_sole_other_backend_is_stored_as_its_own() {
    let (_folder, app) = site(&format!("AUTHENTICATION_BACKENDS = ['{ALLAUTH}']")).await;
    let client = Client::new(app);
    assert_eq!(client.get("/enter/").await.text(), "django");
    assert_eq!(client.get("/who/").await.text(), "django 3");
}

#[tokio::test]
async fn another_login_of_the_same_user_gives_a_new_key_and_keeps_the_data() {
    let (_folder, app) = site("").await;
    let client = Client::new(app.clone());
    client.get("/enter/").await;
    let before = client.cookie("sessionid").expect("a session");
    client.get("/enter/").await;
    let after = client.cookie("sessionid").expect("a session");
    assert_ne!(before, after);
    assert_eq!(client.get("/who/").await.text(), "django 3");
    let thief = Client::new(app);
    thief.set_cookie("sessionid", &before);
    assert_eq!(thief.get("/who/").await.text(), "AnonymousUser null");
}

#[tokio::test]
async fn login_sets_last_login_as_django_does() {
    for (lines, expected) in [
        ("", "2026-01-15 12:00:00"),
        ("USE_TZ = false\nTIME_ZONE = 'America/Chicago'", "2026-01-15 06:00:00"),
    ] {
        let (_folder, app) = site(lines).await;
        let clock = Clock::system();
        clock.set(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_768_478_400));
        let client = Client::new(app.clone().clock(clock));
        client.get("/enter/").await;
        let databases = databases(&app);
        let Some(Database::Sqlite(sqlite)) = databases.get("default") else { panic!("SQLite") };
        let select = "SELECT last_login FROM auth_user";
        let text: String =
            sqlite.read(|db| db.query_row(select, [], |row| row.get(0))).await.expect("a login");
        assert_eq!(text.get(..19), Some(expected), "{lines}");
    }
}

#[tokio::test]
async fn a_table_without_last_login_is_no_reason_to_refuse_a_login() {
    let (_folder, app) = site("").await;
    let databases = databases(&app);
    let Some(Database::Sqlite(sqlite)) = databases.get("default") else { panic!("SQLite") };
    sqlite
        .write(|db| db.execute_batch("ALTER TABLE auth_user DROP COLUMN last_login"))
        .await
        .expect("dropped");
    assert_eq!(Client::new(app).get("/enter/").await.text(), "django");
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn login_sets_last_login_on_postgresql() {
    let server = crate::support::postgres_server::PostgresServer::private("");
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "USE_TZ = false\nTIME_ZONE = 'America/Chicago'";
    let app = app(folder.path(), lines, &server.address.toml(""));
    let databases = databases(&app);
    let Some(Database::Postgres(postgres)) = databases.get("default") else { panic!("PostgreSQL") };
    for statement in POSTGRES_TABLE.split_inclusive(';') {
        postgres.execute(statement, &[]).await.expect("a table");
    }
    assert_eq!(Client::new(app).get("/enter/").await.text(), "django");
    let select = "SELECT last_login > now() - interval '1 minute' AND last_login <= now() FROM auth_user";
    assert!(postgres.query_opt(select, &[]).await.expect("a row").expect("a row").get::<_, bool>(0));
}
