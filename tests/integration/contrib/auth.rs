//! Users in the session: who is logged in, who no longer is.

use nuages::{App, Clock, contrib::auth, db::Database, prelude::*, testing::Client, urls::path};

use crate::support::site::{SQLITE, settings_in};

const SECRET: &str = "a key of fifty characters that guards nothing but tests";
const OTHER: &str = "another key of fifty characters that guards no thing at all";

async fn enter(request: &mut Request, name: String) -> Result<String> {
    let user =
        auth::user_by_name(request.db(), &name).await?.ok_or_else(|| Error::not_found("no such user"))?;
    auth::login(request, &user).await?;
    Ok(request.user().to_string())
}

fn leave(request: &mut Request) -> String {
    auth::logout(request);
    request.user().to_string()
}

fn who(request: &mut Request) -> String {
    let user = request.user();
    format!("{} {} {}", user, user.is_authenticated(), user.is_staff())
}

fn nobody_asks(_: &mut Request) -> &'static str {
    "page"
}

fn app(folder: &std::path::Path, secrets: &str) -> App {
    let lines = format!("{secrets}\nALLOWED_HOSTS = [\"example.com\"]\nSESSION_ENGINE = \"file\"\n{SQLITE}");
    App::new(settings_in(folder, &lines)).clock(Clock::system()).urls(vec![
        path("enter/<str:name>/", enter),
        path("leave/", leave),
        path("who/", who),
        path("page/", nobody_asks),
    ])
}

fn secrets() -> String {
    format!("SECRET_KEY = \"{SECRET}\"")
}

/// Runs SQL on the project's database.
async fn sql(app: &App, text: &'static str) {
    let databases = app.databases().expect("the application is right");
    let Some(Database::Sqlite(sqlite)) = databases.get("default") else { panic!("a SQLite database") };
    sqlite.write(move |db| db.execute_batch(text)).await.expect("it can be written");
}

/// The columns of Django 5.2's `auth_user`.
const TABLE: &str =
    "CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL,
    last_login datetime NULL, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE,
    last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL,
    is_active bool NOT NULL, date_joined datetime NOT NULL, first_name varchar(150) NOT NULL);
    INSERT INTO auth_user VALUES
    (1, 'pbkdf2_sha256$1$a$b', NULL, 0, 'django', '', '', 1, 1, '1934-01-01', ''),
    (2, 'pbkdf2_sha256$1$c$d', NULL, 0, 'stephane', '', '', 0, 1, '1934-01-01', '');";

async fn site() -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = app(folder.path(), &secrets());
    sql(&app, TABLE).await;
    (folder, app)
}

#[tokio::test]
async fn whoever_logs_in_is_known_until_the_logout() {
    let (_folder, app) = site().await;
    let client = Client::new(app);
    assert_eq!(client.get("/who/").await.text(), "AnonymousUser false false");
    assert_eq!(client.get("/enter/django/").await.text(), "django");
    assert_eq!(client.get("/who/").await.text(), "django true true");
    assert_eq!(client.get("/leave/").await.text(), "AnonymousUser");
    assert_eq!(client.get("/who/").await.text(), "AnonymousUser false false");
}

#[tokio::test]
async fn only_a_view_that_asks_for_the_user_varies_by_cookie() {
    let (_folder, app) = site().await;
    let client = Client::new(app);
    client.get("/enter/django/").await;
    assert_eq!(client.get("/who/").await.header("vary"), Some("Cookie"));
    assert_eq!(client.get("/page/").await.header("vary"), None);
}

#[tokio::test]
async fn a_mounted_service_that_knows_the_user_varies_by_cookie() {
    let (_folder, app) = site().await;
    let client = Client::new(app.mount("inside/", crate::support::pages::pages()));
    assert_eq!(client.get("/inside/untouched").await.header("vary"), None);
    client.get("/enter/django/").await;
    assert_eq!(client.get("/inside/untouched").await.header("vary"), Some("Cookie"));
}

#[tokio::test]
async fn login_changes_the_key_and_another_login_forgets_the_first() {
    let (_folder, app) = site().await;
    let client = Client::new(app);
    let cookie = || client.cookie("sessionid");
    client.get("/enter/django/").await;
    let first = cookie();
    client.get("/enter/stephane/").await;
    assert!(first.is_some() && cookie() != first);
    assert_eq!(client.get("/who/").await.text(), "stephane true false");
}

#[tokio::test]
async fn a_changed_password_or_a_closed_account_logs_out() {
    let (_folder, app) = site().await;
    for change in [
        "UPDATE auth_user SET password = 'pbkdf2_sha256$1$x$y'",
        "UPDATE auth_user SET is_active = 0",
        "DELETE FROM auth_user",
    ] {
        let client = Client::new(app.clone());
        client.get("/enter/django/").await;
        assert_eq!(client.get("/who/").await.text(), "django true true", "{change}");
        sql(&app, change).await;
        assert_eq!(client.get("/who/").await.text(), "AnonymousUser false false", "{change}");
        sql(&app, "DROP TABLE auth_user").await;
        sql(&app, TABLE).await;
    }
    sql(&app, "DROP TABLE auth_user").await;
    assert_eq!(Client::new(app).get("/who/").await.text(), "AnonymousUser false false", "no table, no users");
}

#[tokio::test]
async fn a_session_of_an_old_secret_goes_on_under_the_new_one() {
    let (folder, old) = site().await;
    let client = Client::new(old);
    client.get("/enter/django/").await;
    let cookie = client.cookie("sessionid").expect("a session");
    let rotated = format!("SECRET_KEY = \"{OTHER}\"\nSECRET_KEY_FALLBACKS = [\"{SECRET}\"]");
    let rotated = Client::new(app(folder.path(), &rotated));
    rotated.set_cookie("sessionid", &cookie);
    assert_eq!(rotated.get("/who/").await.text(), "django true true");
    let renewed = rotated.cookie("sessionid").expect("a session");
    assert_ne!(renewed, cookie, "the key was cycled");
    let alone = Client::new(app(folder.path(), &format!("SECRET_KEY = \"{OTHER}\"")));
    alone.set_cookie("sessionid", &renewed);
    assert_eq!(alone.get("/who/").await.text(), "django true true", "signed anew");
}
