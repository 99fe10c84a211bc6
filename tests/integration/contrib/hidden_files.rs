//! Static files that are not served: hidden ones, links that lead nowhere, and files for other hosts.

use std::{fs, os::unix::fs::symlink, path::Path};

use http::header;
use nuages::{App, contrib::staticfiles::StaticFiles, prelude::*, testing::Client, urls::path};

use crate::support::asking::{send, settings_in};

const DEBUG: &str = "DEBUG = true\nSTATICFILES_DIRS = [\"static\"]";

fn site(folder: &Path) -> App {
    for name in ["site.css", ".env", ".git/config", ".well-known/security.txt", "css/.hidden.css"] {
        let file = folder.join("static").join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        fs::write(file, "SECRET").expect("a file");
    }
    App::new(settings_in(folder, DEBUG))
        .urls(vec![path("", |_: &mut Request| "index")])
        .mount_outside("downloads/", StaticFiles::new([folder.join("static")]))
}

#[tokio::test]
async fn a_link_to_itself_is_a_404() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client::new(site(folder.path()));
    let link = |target: &str, name: &str| symlink(target, folder.path().join("static").join(name));
    link("loop.css", "loop.css").expect("a link");
    link("b.css", "a.css").expect("a link");
    link("a.css", "b.css").expect("a link");
    for name in ["loop.css", "a.css", "b.css", "loop.css/x"] {
        assert_eq!(client.get(&format!("/static/{name}")).await.status(), 404, "{name}");
    }
}

#[tokio::test]
async fn hidden_files_are_not_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client::new(site(folder.path()));
    symlink(".env", folder.path().join("static/visible.txt")).expect("a link");
    symlink(".git", folder.path().join("static/folder")).expect("a link");
    for prefix in ["static", "downloads"] {
        for name in [
            ".env",
            "%2eenv",
            ".git/config",
            "%2egit/config",
            "css/.hidden.css",
            "visible.txt",
            "folder/config",
            ".well-known/../.env",
        ] {
            // Without the client's own reading of dots.
            let request = http::Request::get(format!("/{prefix}/{name}")).header(header::HOST, "example.com");
            let answer = send(&site(folder.path()), request.body("").expect("a request")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{prefix}/{name}");
            assert!(!answer.body.contains("SECRET"), "{prefix}/{name}");
        }
        let shown = client.get(&format!("/{prefix}/.well-known/security.txt")).await;
        assert_eq!(shown.text(), "SECRET", "a folder that is made for visitors");
        assert_eq!(client.get(&format!("/{prefix}/site.css")).await.text(), "SECRET");
    }
}

#[tokio::test]
async fn static_files_are_for_allowed_hosts_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = site(folder.path());
    for (host, status) in [
        ("example.com", 200),
        ("a.example.org:8000", 200),
        ("evil.test", 400),
        ("example.com.evil.test", 400),
        ("user@example.com", 400),
        ("", 400),
    ] {
        let ask = async |target: &str| {
            let request = http::Request::get(target).header(header::HOST, host).body("").expect("a request");
            send(&app, request).await
        };
        let answer = ask("/static/site.css").await;
        assert_eq!(answer.status.as_u16(), status, "{host:?}");
        assert_eq!(answer.body == "SECRET", status == 200, "{host:?}");
        assert_eq!(
            ask("/downloads/site.css").await.status,
            StatusCode::OK,
            "a project's own mount has no check"
        );
    }
}
