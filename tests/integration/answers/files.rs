//! `FileResponse`: type, length, dates, parts, names of downloads, and files that are not there.

use nuages::{
    http::{Validators, parse_http_date},
    prelude::*,
    testing::Client,
    urls::path,
    view::conditional,
};

use crate::support::{asking, site::Site};

fn site() -> Site {
    Site::new(&asking::lines(""))
        .file("files/digits.txt", "0123456789")
        .file("files/page.html", "<p>")
        .file("files/empty.bin", "")
        .file("files/large.bin", large())
}

fn large() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

async fn version(_: &mut Request) -> Result<Validators> {
    Ok(Validators { etag: Some("\"v1\"".to_owned()), last_modified: None })
}

fn client(site: &Site) -> Client {
    let file = |_: &mut Request, name: String| FileResponse::open(format!("files/{name}"));
    Client::new(site.app(vec![
        path("files/<str:name>", file),
        path("attached/", |_: &mut Request| FileResponse::open("files/digits.txt").download()),
        path("named/<str:name>/", |_: &mut Request, name: String| {
            FileResponse::open("files/digits.txt").download_as(name)
        }),
        path("inline/", |_: &mut Request| FileResponse::open("files/digits.txt").inline_as("ten.txt")),
        path("typed/", |_: &mut Request| {
            FileResponse::open("files/digits.txt").content_type("text/x-digits")
        }),
        path("header/", |_: &mut Request| -> Result<Response> {
            Ok(FileResponse::open("files/digits.txt")
                .into_response()?
                .with_header("Cache-Control", "max-age=9"))
        }),
        path("tagged/", conditional(version, |_: &mut Request| FileResponse::open("files/digits.txt"))),
        path("status/", |_: &mut Request| (StatusCode::ACCEPTED, FileResponse::open("files/digits.txt"))),
        path("broken/", |_: &mut Request| FileResponse::open("files/digits.txt").content_type("a\nb")),
    ]))
}

#[tokio::test]
async fn a_file_is_sent_with_its_type_length_and_date() {
    let site = site();
    let client = client(&site);
    let response = client.get("/files/digits.txt").await;
    assert_eq!((response.status().as_u16(), &*response.text()), (200, "0123456789"));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        (response.header("content-length"), response.header("accept-ranges")),
        (Some("10"), Some("bytes"))
    );
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "the middleware ran");
    assert_eq!(response.header("content-disposition"), None);
    let changed = parse_http_date(response.header("last-modified").expect("a date")).expect("a date of HTTP");
    let modified = std::fs::metadata(site.path().join("files/digits.txt")).and_then(|file| file.modified());
    assert!(modified.expect("a time").duration_since(changed).is_ok_and(|age| age.as_secs() == 0));
    assert_eq!(client.get("/files/page.html").await.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(client.get("/typed/").await.header("content-type"), Some("text/x-digits"));
    assert_eq!(client.get("/files/large.bin").await.bytes(), &large());
    let empty = client.get("/files/empty.bin").await;
    assert_eq!((empty.status().as_u16(), empty.header("content-length")), (200, Some("0")));
    let head = client.head("/files/large.bin").await;
    assert_eq!((head.header("content-length"), head.bytes().len()), (Some("1200000"), 0));
    assert_eq!(client.get("/header/").await.header("cache-control"), Some("max-age=9"));
}

#[tokio::test]
async fn a_part_is_sent_where_one_is_asked_for() {
    let site = site();
    let client = client(&site);
    for (range, status, text, place) in [
        ("bytes=2-4", 206, "234", Some("bytes 2-4/10")),
        ("bytes=7-", 206, "789", Some("bytes 7-9/10")),
        ("bytes=-3", 206, "789", Some("bytes 7-9/10")),
        ("bytes=10-", 416, "", Some("bytes */10")),
        ("bytes=0-1,3-4", 200, "0123456789", None),
        ("lines=1-2", 200, "0123456789", None),
    ] {
        let response = client.get("/files/digits.txt").header("Range", range).await;
        assert_eq!((response.status().as_u16(), &*response.text()), (status, text), "{range}");
        assert_eq!(response.header("content-range"), place, "{range}");
    }
    let tag = client.get("/files/digits.txt").await.header("etag").expect("a tag").to_owned();
    let part = |condition: String| {
        client.get("/files/digits.txt").header("Range", "bytes=0-0").header("If-Range", condition)
    };
    assert_eq!(part(tag).await.status(), 206);
    assert_eq!(part("\"another\"".to_owned()).await.status(), 200, "it has changed: all of it");
    let part = client.get("/files/large.bin").header("Range", "bytes=1000000-1000007").await;
    assert_eq!(&part.bytes()[..], &large()[1_000_000..1_000_008]);
    let status = client.get("/status/").header("Range", "bytes=2-4").await;
    assert_eq!(
        (status.status().as_u16(), &*status.text()),
        (202, "0123456789"),
        "another status keeps the file whole"
    );
}

#[tokio::test]
async fn a_current_copy_is_not_sent_again() {
    let site = site();
    let client = client(&site);
    let first = client.get("/files/digits.txt").await;
    let (tag, date) = (first.header("etag").expect("a tag"), first.header("last-modified").expect("a date"));
    for (name, value) in [("If-None-Match", tag), ("If-Modified-Since", date)] {
        let response = client.get("/files/digits.txt").header(name, value).await;
        assert_eq!((response.status().as_u16(), response.bytes().len()), (304, 0), "{name}");
        assert_eq!((response.header("etag"), response.header("content-type")), (Some(tag), None), "{name}");
    }
    let tagged = client.get("/tagged/").await;
    assert_eq!(
        (tagged.header("etag"), &*tagged.text()),
        (Some("\"v1\""), "0123456789"),
        "the view's own tag stays"
    );
    let part = client.get("/tagged/").header("Range", "bytes=1-2").header("If-Range", "\"v1\"").await;
    assert_eq!((part.status().as_u16(), &*part.text()), (206, "12"));
    site.write("files/digits.txt", "01234567890");
    assert_eq!(client.get("/files/digits.txt").header("If-None-Match", tag).await.status(), 200);
    assert_eq!(client.get("/files/digits.txt").header("If-Match", tag).await.status(), 412);
}

#[tokio::test]
async fn downloads_have_names_as_django_writes_them() {
    let site = site();
    let client = client(&site);
    for (path, expected) in [
        ("/attached/", "attachment; filename=\"digits.txt\""),
        ("/inline/", "inline; filename=\"ten.txt\""),
        ("/named/a%20%22b%22%5C.txt/", "attachment; filename=\"a \\\"b\\\"\\\\.txt\""),
        ("/named/%C3%A9t%C3%A9%20(1).txt/", "attachment; filename*=utf-8''%C3%A9t%C3%A9%20%281%29.txt"),
        ("/named/a%0D%0AX:1/", "attachment; filename*=utf-8''a%0D%0AX%3A1"),
    ] {
        assert_eq!(client.get(path).await.header("content-disposition"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_an_error_with_its_path() {
    let site = Site::new(&asking::lines("DEBUG = true")).file("files/digits.txt", "0123456789");
    let client = client(&site);
    let long = format!("/files/{}", "x".repeat(300));
    for path in ["/files/none.txt", "/files/..", "/files/digits.txt.d", &long] {
        let response = client.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(response.text().contains("no file at &#x2f;"), "{path}: {}", response.text());
    }
    std::os::unix::fs::symlink("loop", site.path().join("files/loop")).expect("a link to itself");
    let looping = client.get("/files/loop").await;
    assert_eq!(looping.status(), 500);
    assert!(looping.text().contains("cannot read &#x2f;"), "{}", looping.text());
    let broken = client.get("/broken/").await;
    assert_eq!(broken.status(), 500);
    assert!(broken.text().contains("content-type"), "{}", broken.text());
}
