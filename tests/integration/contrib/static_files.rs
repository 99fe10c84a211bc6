//! Static files in development: what is asked for, when it changed, and nothing from outside.

use std::{fs, path::Path};

use nuages::{App, http::Request, testing::Client, urls::path};

use crate::support::site::{Site, settings_in};

fn index(request: &mut Request) -> nuages::Result<&'static str> {
    request.session.insert("seen", true)?;
    Ok("index")
}

/// A project folder with `static/`, a file beside it that nobody may read, and its visitor.
fn project(settings: &str) -> (Site, Client) {
    let folder = Site::new("");
    let write = |name: &str, bytes: &[u8]| folder.write(name, bytes);
    write("static/css/site.css", b"body { color: teal }");
    write("static/digits.txt", b"0123456789");
    write("static/empty.txt", b"");
    write("static/with space.html", b"<p>");
    write("static/%2e%2e", b"a strange name");
    write("static/large.bin", &large());
    write("second/css/site.css", b"never");
    write("second/second.txt", b"second");
    write("secret.txt", b"SECRET");
    write("staticsecret.txt", b"SECRET");
    let client = client(folder.path(), settings);
    (folder, client)
}

fn large() -> Vec<u8> {
    (0..1_000_000_u32).flat_map(|n| n.to_le_bytes()).collect()
}

fn client(folder: &Path, settings: &str) -> Client {
    let settings = settings_in(folder, &format!("{ENGINE}{settings}"));
    Client::new(App::new(settings).urls(vec![path("", index)]))
}

const ENGINE: &str = "SESSION_ENGINE = \"signed_cookies\"\n";
const DEBUG: &str = "DEBUG = true\nSTATICFILES_DIRS = [\"static\", \"second\"]\n";

#[tokio::test]
async fn files_are_served_with_their_type_and_length() {
    let (_folder, client) = project(DEBUG);
    let response = client.get("/static/css/site.css").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text(), "body { color: teal }");
    assert_eq!(response.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(response.header("content-length"), Some("20"));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(client.get("/static/second.txt").await.text(), "second");
    assert_eq!(client.get("/static/with%20space.html").await.text(), "<p>");
    assert_eq!(client.get("/static/empty.txt").await.text(), "");
    assert_eq!(client.get("/static/css/site.css?v=2").await.status(), 200);
}

#[tokio::test]
async fn large_files_arrive_whole() {
    let (_folder, client) = project(DEBUG);
    let response = client.get("/static/large.bin").await;
    assert_eq!(response.header("content-length"), Some("4000000"));
    assert!(response.bytes()[..] == large());
    let response = client.get("/static/large.bin").header("Range", "bytes=1000000-2999999").await;
    assert!(response.bytes()[..] == large()[1_000_000..3_000_000]);
}

#[tokio::test]
async fn nothing_comes_from_outside() {
    let (folder, client) = project(DEBUG);
    let link = |target: &Path, name: &str| {
        std::os::unix::fs::symlink(target, folder.path().join("static").join(name)).expect("a link");
    };
    link(&folder.path().join("secret.txt"), "out.txt");
    link(folder.path(), "up");
    link(Path::new("/"), "root");
    link(Path::new("nowhere"), "dangling");
    link(Path::new("digits.txt"), "in.txt");
    for path in [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        ".%2e/secret.txt",
        "css/../../secret.txt",
        "css/..%2f..%2fsecret.txt",
        "..%5csecret.txt",
        "..\\secret.txt",
        "%5c..%5csecret.txt",
        "%252e%252e%252fsecret.txt",
        "%252e%252e/secret.txt",
        "..%c0%afsecret.txt",
        "%uff0e%uff0e/secret.txt",
        "digits.txt%00",
        "digits.txt%00.css",
        "%00",
        "css%2fsite.css",
        "css//site.css",
        "./digits.txt",
        "css/./site.css",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "root/etc/passwd",
        "up/secret.txt",
        "out.txt",
        "dangling",
        "",
        "css",
        "css/",
        "digits.txt/",
        "digits.txt/x",
        "secret.txt",
        "missing.css",
    ] {
        let response = client.get(&format!("/static/{path}")).await;
        // A path that is no text at all is refused before anybody looks for a file.
        assert!([400, 404].contains(&response.status().as_u16()), "{path:?}: {}", response.status());
        assert!(!response.text().contains("SECRET"), "{path:?}");
        assert!(!response.text().contains("root:"), "{path:?}");
    }
    assert_ne!(client.get("/staticsecret.txt").await.text(), "SECRET");
    assert_eq!(client.get("/static/in.txt").await.text(), "0123456789");
    assert_eq!(client.get("/static/%252e%252e").await.text(), "a strange name");
    let long = "a".repeat(5_000);
    assert_eq!(client.get(&format!("/static/{long}")).await.status(), 404);
}

#[tokio::test]
async fn what_the_browser_has_already_is_not_sent_again() {
    let (folder, client) = project(DEBUG);
    let first = client.get("/static/digits.txt").await;
    let etag = first.header("etag").expect("an entity tag").to_owned();
    let date = first.header("last-modified").expect("a date").to_owned();
    for (name, value) in
        [("If-None-Match", etag.as_str()), ("If-None-Match", "*"), ("If-Modified-Since", &date)]
    {
        let response = client.get("/static/digits.txt").header(name, value).await;
        assert_eq!(response.status(), 304, "{name}: {value}");
        assert_eq!(response.text(), "");
        assert_eq!(response.header("etag"), Some(etag.as_str()));
    }
    let response = client.get("/static/digits.txt").header("If-None-Match", "\"other\"").await;
    assert_eq!(response.status(), 200);
    let early = "Mon, 01 Jan 2001 00:00:00 GMT";
    assert_eq!(client.get("/static/digits.txt").header("If-Modified-Since", early).await.status(), 200);
    fs::write(folder.path().join("static/digits.txt"), "9876543210 new").expect("a change");
    let response = client.get("/static/digits.txt").header("If-None-Match", &etag).await;
    assert_eq!((response.status().as_u16(), &*response.text()), (200, "9876543210 new"));
}

#[tokio::test]
async fn head_tells_all_but_the_file() {
    let (_folder, client) = project(DEBUG);
    let (get, head) = (client.get("/static/digits.txt").await, client.head("/static/digits.txt").await);
    assert_eq!(head.status(), 200);
    assert_eq!(head.text(), "");
    for name in ["content-type", "content-length", "etag", "last-modified"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let response = client.post("/static/digits.txt").await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let (_folder, client) = project(DEBUG);
    let part = |range: &'static str| client.get("/static/digits.txt").header("Range", range);
    let response = part("bytes=2-4").await;
    assert_eq!((response.status().as_u16(), &*response.text()), (206, "234"));
    assert_eq!(response.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(response.header("content-length"), Some("3"));
    assert_eq!(part("bytes=-3").await.text(), "789");
    assert_eq!(part("bytes=8-").await.text(), "89");
    let response = part("bytes=10-").await;
    assert_eq!(response.status(), 416);
    assert_eq!(response.header("content-range"), Some("bytes */10"));
    assert_eq!(part("bytes=1-2,4-5").await.text(), "0123456789");
    let etag = response_etag(&client).await;
    assert_eq!(part("bytes=2-4").header("If-Range", &etag).await.status(), 206);
    assert_eq!(part("bytes=2-4").header("If-Range", "\"old\"").await.status(), 200);
}

async fn response_etag(client: &Client) -> String {
    client.get("/static/digits.txt").await.header("etag").expect("an entity tag").to_owned()
}

#[tokio::test]
async fn a_stylesheet_never_pays_for_a_session() {
    let (_folder, client) = project(&format!("{DEBUG}SESSION_SAVE_EVERY_REQUEST = true\n"));
    assert!(client.get("/").await.cookie("sessionid").is_some());
    let response = client.get("/static/css/site.css").await;
    assert!(response.cookies().is_empty());
    assert_eq!(response.header("vary"), None);
}

#[tokio::test]
async fn without_debug_there_are_none() {
    let (_folder, client) =
        project("DEBUG = false\nALLOWED_HOSTS = [\"localhost\"]\nSTATICFILES_DIRS = [\"static\"]\n");
    assert_eq!(client.get("/static/css/site.css").await.status(), 404);
}

#[tokio::test]
async fn the_prefix_is_a_setting() {
    let (_folder, client) = project(&format!("{DEBUG}STATIC_URL = \"/assets/v1/\"\n"));
    assert_eq!(client.get("/assets/v1/css/site.css").await.status(), 200);
    assert_eq!(client.get("/static/css/site.css").await.status(), 404);
}
