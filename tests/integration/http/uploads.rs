//! Multipart forms: fields, files, limits, names, and what is left on the disk.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use http::StatusCode;
use nuages::{App, prelude::*, testing::Client, urls::path, view::csrf_exempt};

use crate::support::{asking::lines, site::Site};

/// The fields and files of a form.
async fn show(request: &mut Request) -> Result<Json<Value>> {
    let form = request.form_data().await?;
    let mut files = Vec::new();
    for file in form.uploads("file") {
        let bytes = file.bytes().await?;
        let (on_disk, size) = (file.temporary_path().is_some(), file.size());
        assert_eq!(bytes.len() as u64, size);
        let digest =
            bytes.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        files.push(json!([file.name(), file.content_type(), size, on_disk, digest.to_string()]));
    }
    Ok(Json(json!({ "values": form.values("text"), "files": files })))
}

async fn save(request: &mut Request) -> Result<String> {
    let form = request.form_data().await?;
    let mut saved = Vec::new();
    for file in form.uploads("file") {
        let path = file.save_in("media/in").await?;
        saved.push(path.file_name().expect("a name").to_string_lossy().into_owned());
    }
    Ok(saved.join(" "))
}

async fn twice(request: &mut Request) -> Result<String> {
    let form = request.form_data().await?;
    let file = form.uploads("file")[0];
    let (first, second) = (file.save_in("media").await?, file.save_in("media").await?);
    fs::write(&first, "changed")?;
    Ok(fs::read_to_string(second)?)
}

/// Looks at the temporary files while the request runs, then ends as it is asked to.
async fn end(request: &mut Request, how: String) -> Result<String> {
    let form = request.form_data().await?;
    let path = form.uploads("file")[0].temporary_path().expect("on the disk").to_owned();
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    match how.as_str() {
        "panic" => panic!("on purpose"),
        "error" => Err(Error::new("on purpose")),
        _ => Ok(path.display().to_string()),
    }
}

fn app(site: &Site) -> App {
    site.app(vec![
        path("show/", show),
        path("exempt/", csrf_exempt(show)),
        path("save/", save),
        path("twice/", twice),
        path("end/<str:how>/", end),
    ])
}

fn site(extra: &str) -> Site {
    let site = Site::new(&lines(&format!("FILE_UPLOAD_TEMP_DIR = \"temp\"\n{extra}")));
    fs::create_dir(site.path().join("temp")).expect("a folder");
    site
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

/// A body that a test writes itself.
fn multipart(parts: &[&str]) -> String {
    let mut body = String::new();
    for part in parts {
        body.push_str(&format!("--b\r\n{part}\r\n"));
    }
    body + "--b--\r\n"
}

async fn post(client: &Client, target: &str, body: impl Into<bytes::Bytes>) -> (u16, String) {
    let kind = "multipart/form-data; boundary=b";
    let response = client.post(target).header("Content-Type", kind).body(body).await;
    (response.status().as_u16(), response.text().into_owned())
}

#[tokio::test]
async fn a_form_with_files_gives_its_fields_and_its_files() {
    let site = site("");
    let client = Client::new(app(&site));
    let form = client.post("/show/").form(&[("text", "one"), ("text", "zwölf")]);
    let sent = form.upload("file", "C:\\fakepath\\a b.TXT", "text/plain; charset=x", "hello").upload(
        "file",
        "",
        "application/octet-stream",
        "",
    );
    let answer: Value = serde_json::from_str(&sent.await.text()).expect("JSON");
    assert_eq!(answer["values"], json!(["one", "zwölf"]));
    assert_eq!(answer["files"].as_array().expect("files").len(), 1, "no file was chosen in the second");
    assert_eq!(answer["files"][0][0], "a b.TXT");
    assert_eq!(answer["files"][0][1], "text/plain");
    assert_eq!(answer["files"][0][2], 5);
}

#[tokio::test]
async fn files_beyond_their_memory_are_on_disk_and_gone_afterwards() {
    let site = site("FILE_UPLOAD_MAX_MEMORY_SIZE = 100000");
    let client = Client::new(app(&site));
    let content: Vec<u8> = (0..700_001_u32).map(|index| (index % 251) as u8).collect();
    let sent = client.post("/show/").upload("file", "small", "", &content[..60_000]);
    let sent = sent.upload("file", "large", "", &content).upload("file", "last", "", &content[..40_000]);
    let answer: Value = serde_json::from_str(&sent.await.text()).expect("JSON");
    let on_disk: Vec<&Value> =
        answer["files"].as_array().expect("files").iter().map(|file| &file[3]).collect();
    assert_eq!(on_disk, [false, true, false]);
    let alone = client.post("/show/").upload("file", "large", "", &content);
    let alone: Value = serde_json::from_str(&alone.await.text()).expect("JSON");
    assert_eq!(alone["files"][0][4], answer["files"][1][4], "the same bytes");
    assert_eq!(files_in(&site.path().join("temp")), 0);
}

#[tokio::test]
async fn temporary_files_are_private_and_removed_however_the_request_ends() {
    let site = site("FILE_UPLOAD_MAX_MEMORY_SIZE = 0");
    let client = Client::new(app(&site));
    for (how, status) in [("well", 200), ("error", 500), ("panic", 500)] {
        let response = client.post(&format!("/end/{how}/")).upload("file", "x", "", "content").await;
        assert_eq!(response.status().as_u16(), status, "{}", response.text());
        assert_eq!(files_in(&site.path().join("temp")), 0, "{how}");
    }
    let cut = "--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\nhalf a file";
    assert_eq!(post(&client, "/show/", cut).await.0, 400);
    assert_eq!(files_in(&site.path().join("temp")), 0);
}

#[tokio::test]
async fn the_limits_are_djangos_and_named() {
    let site = site(
        "DEBUG = true\nDATA_UPLOAD_MAX_MEMORY_SIZE = 1000\nDATA_UPLOAD_MAX_NUMBER_FIELDS = 3\n\
         DATA_UPLOAD_MAX_NUMBER_FILES = 2",
    );
    let client = Client::new(app(&site));
    let field = "Content-Disposition: form-data; name=\"text\"\r\n\r\nx";
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx";
    let nameless = "Content-Type: text/plain\r\n\r\nx";
    let large = format!("{field}{}", "x".repeat(1000));
    for (parts, status, named) in [
        (vec![field; 3], 200, ""),
        (vec![field; 4], 400, "DATA_UPLOAD_MAX_NUMBER_FIELDS = 3"),
        (vec![nameless; 4], 400, "DATA_UPLOAD_MAX_NUMBER_FIELDS = 3"),
        (vec![file; 2], 200, ""),
        (vec![file; 3], 400, "DATA_UPLOAD_MAX_NUMBER_FILES = 2"),
        (vec![large.as_str()], 413, "DATA_UPLOAD_MAX_MEMORY_SIZE = 1000"),
    ] {
        let (found, text) = post(&client, "/show/", multipart(&parts)).await;
        assert_eq!(found, status, "{text}");
        assert!(text.contains(named), "{named}: {text}");
    }
    let files_do_not_count = client.post("/show/").upload("file", "f", "", vec![b'x'; 50_000]).await;
    assert_eq!(files_do_not_count.status(), StatusCode::OK);
}

#[tokio::test]
async fn malformed_and_hostile_bodies_are_a_400_in_little_time() {
    let site = site("");
    let client = Client::new(app(&site));
    let begun = std::time::Instant::now();
    for body in [
        String::new(),
        "--b".to_owned(),
        "--c\r\n\r\n--c--".to_owned(),
        // A preamble, a head, and a name without an end.
        "x".repeat(4_000_000),
        format!("--b\r\nX: {}", "y".repeat(4_000_000)),
        format!("--b\r\nContent-Disposition: form-data; name=\"{}", "\\\"".repeat(2_000_000)),
        // Almost boundaries.
        format!(
            "--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n{}",
            "\r\n--".repeat(1_000_000)
        ),
        format!(
            "--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n{}",
            "\r".repeat(4_000_000)
        ),
        // Thousands of parts.
        multipart(&vec!["\r\n"; 100_000]),
        multipart(&vec!["Content-Disposition: form-data; name=x; filename=f\r\n\r\n"; 50_000]),
    ] {
        let start: String = body.chars().take(60).collect();
        assert_eq!(post(&client, "/show/", body).await.0, 400, "{start:?}");
    }
    for kind in
        ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \""]
    {
        let response = client.post("/show/").header("Content-Type", kind).body("--a").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{kind}");
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(202));
    let response = client.post("/show/").header("Content-Type", long).body("x").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    let other = client.post("/show/").header("Content-Type", "text/plain").body("x").await;
    assert_eq!(other.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// A body that arrives byte by byte.
struct Bytewise(std::vec::IntoIter<u8>);

impl http_body::Body for Bytewise {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        let frame = |byte| Ok(http_body::Frame::data(bytes::Bytes::copy_from_slice(&[byte])));
        std::task::Poll::Ready(self.0.next().map(frame))
    }
}

#[tokio::test]
async fn bodies_in_tiny_pieces_cost_time_in_proportion() {
    use tower_service::Service as _;
    let site = site("");
    let app = app(&site);
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let many = format!("{head}{}\r\n--b--", "\r\n--".repeat(100_000));
    let endless = format!("--b\r\nX: {}", "y".repeat(400_000));
    for (body, status) in [(many, StatusCode::OK), (endless, StatusCode::BAD_REQUEST)] {
        let begun = std::time::Instant::now();
        let request = http::Request::post("http://example.com/exempt/")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body(Bytewise(body.into_bytes().into_iter()));
        let Ok(response) = app.clone().call(request.expect("a request")).await;
        assert_eq!(response.status(), status);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn saved_files_stay_in_their_folder_and_overwrite_nothing() {
    for memory in ["0", "1000"] {
        let site = site(&format!("FILE_UPLOAD_MAX_MEMORY_SIZE = {memory}"));
        let folder = site.path().join("media/in");
        let client = Client::new(app(&site));
        let save = async |name: &str| {
            client.post("/save/").upload("file", name, "text/plain", "content").await.text().into_owned()
        };
        assert_eq!(save("../../../etc/my photo.tar.gz").await, "my_photo.tar.gz");
        let second = save("my photo.tar.gz").await;
        assert_eq!(second.len(), "my_photo.tar_1234567.gz".len(), "{second}");
        assert!(second.starts_with("my_photo.tar_") && second.ends_with(".gz"), "{second}");
        // A link is neither followed nor replaced.
        let outside = site.path().join("outside");
        std::os::unix::fs::symlink(&outside, folder.join("link.txt")).expect("a link");
        assert!(save("link.txt").await.starts_with("link_"));
        assert!(!outside.exists());
        assert_eq!(files_in(&folder), 4);
        assert_eq!(fs::read_to_string(folder.join("my_photo.tar.gz")).expect("saved"), "content");
        let mode = fs::metadata(folder.join(second)).expect("saved").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        let refused = client.post("/save/").upload("file", "$.$.$", "", "x").await;
        assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(client.post("/twice/").upload("file", "x", "", "content").await.text(), "content");
        assert_eq!(files_in(&site.path().join("temp")), 0);
    }
}

#[tokio::test]
async fn a_full_or_missing_disk_is_a_503() {
    let site = site("FILE_UPLOAD_MAX_MEMORY_SIZE = 0");
    let client = Client::new(app(&site));
    fs::remove_dir(site.path().join("temp")).expect("a folder");
    let missing = app(&site).check().expect_err("a missing folder is found at the start").to_string();
    assert!(
        missing.contains("FILE_UPLOAD_TEMP_DIR") && missing.contains("temp is not a folder"),
        "{missing}"
    );
    let response = client.post("/show/").upload("file", "x", "", "content").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.header("retry-after").is_some());
}

#[tokio::test]
async fn media_files_are_served_in_development() {
    let site =
        Site::new("SESSION_ENGINE = \"signed_cookies\"\nMEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"")
            .file("media/a.txt", "uploaded");
    let client = Client::new(app(&site));
    assert_eq!(client.get("/media/a.txt").await.text(), "uploaded");
    assert_eq!(client.get("/media/b.txt").await.status(), StatusCode::NOT_FOUND);
    let site = Site::new(&lines("MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"")).file("media/a.txt", "x");
    assert_eq!(Client::new(app(&site)).get("/media/a.txt").await.status(), StatusCode::NOT_FOUND);
}
