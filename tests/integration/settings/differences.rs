//! The differences from Django that docs/differences-from-django.md lists for sessions.

use std::path::Path;

use nuages::{App, prelude::*, settings::Settings, testing::Client, urls::path};

fn client(lines: &str, folder: &Path) -> Client {
    let text = format!(
        "SECRET_KEY = 'x'\nDEBUG = true\nSESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'\n{lines}\n"
    );
    let settings = Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"));
    Client::new(App::new(settings).urls(vec![
        path("unused/", |_: &mut Request| "page"),
        path("read/", |request: &mut Request| format!("{}", request.session["n"])),
        path("write/", |request: &mut Request| -> Result<&'static str> {
            request.session.insert("n", 1)?;
            Ok("written")
        }),
    ]))
}

#[tokio::test]
async fn a_cookie_without_a_session_is_deleted_only_where_the_session_is_used() {
    let (short, long, unknown, odd) = ("short", "k".repeat(41), "k".repeat(32), "key with / and spaces");
    for lines in ["", "SESSION_SAVE_EVERY_REQUEST = true"] {
        for key in [short, &long, &unknown, odd] {
            let folder = tempfile::tempdir().expect("a folder");
            let client = client(lines, folder.path());
            client.set_cookie("sessionid", key);
            let unused = client.get("/unused/").await;
            assert_eq!((unused.header("set-cookie"), unused.header("vary")), (None, None), "{lines} {key}");
            let read = client.get("/read/").await;
            assert!(read.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{key}");
            let files = std::fs::read_dir(folder.path()).expect("the folder");
            let sessions = files.filter(|file| {
                file.as_ref().expect("a file").file_name().to_string_lossy().starts_with("sessionid")
            });
            assert_eq!(sessions.count(), 0, "{lines} {key}: nothing is stored");
        }
    }
}

#[tokio::test]
async fn a_response_with_the_session_cookie_is_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = client("", folder.path());
    assert_eq!(client.get("/write/").await.header("cache-control"), Some("private"));
    assert_eq!(client.get("/unused/").await.header("cache-control"), None);
}
