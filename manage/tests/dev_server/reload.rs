//! From an edit to the page.

use std::time::{Duration, Instant};

use crate::{
    site::{Site, program},
    support::run,
};

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn an_edit_is_in_the_next_response() {
    let mut site = Site::migrated("edit").with_probe("Ok(\"edition 0\".to_string())");
    site.serve();
    site.get("/probe/").assert(200, "edition 0");
    for edition in 1..=3 {
        site.edit("src/views.rs", &format!("edition {}\"", edition - 1), &format!("edition {edition}\""));
        let begun = Instant::now();
        site.get("/probe/").assert(200, &format!("edition {edition}"));
        eprintln!("edit to page: {:.2} s", begun.elapsed().as_secs_f64());
    }
    // Settings need a new start, but no build.
    let built = site.said().matches("Built in").count();
    site.edit("settings.toml", "DEBUG = true", "DEBUG = true\nSESSION_COOKIE_NAME = \"biscuit\"");
    let page = site.visit("/");
    page.assert(200, "Bonjour");
    assert!(page.head.contains("biscuit="), "{}", page.head);
    assert_eq!(site.said().matches("Built in").count(), built, "{}", site.said());
    // A dependency by path is watched as well as the project.
    site.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    site.write("part/src/lib.rs", "pub fn word() -> &'static str { \"first\" }\n");
    site.edit("Cargo.toml", "[dependencies]", "[dependencies]\npart = { path = \"part\" }");
    site.edit("src/views.rs", "\"edition 3\".to_string()", "part::word().to_string()");
    site.get("/probe/").assert(200, "first");
    site.write("part/src/lib.rs", "pub fn word() -> &'static str { \"second\" }\n");
    site.get("/probe/").assert(200, "second");
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn templates_and_style_sheets_reload_pages_without_a_build() {
    let mut site = Site::migrated("assets");
    site.serve();
    site.visit("/").assert(200, "Bonjour");
    let mut events = site.events();
    let (page, css) = events.next();
    site.edit("templates/index.html", "Bonjour", "Salut");
    let begun = Instant::now();
    while events.next() != (page + 1, css) {}
    eprintln!("template to event: {:.2} s", begun.elapsed().as_secs_f64());
    site.visit("/").assert(200, "Salut");
    let style = site.read("static/site.css");
    site.write("static/site.css", &(style + "\nh1 { color: red; }\n"));
    while events.next() != (page + 1, css + 1) {}
    assert_eq!(site.said().matches("tarted in").count(), 1, "{}", site.said());
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn the_projects_own_program_follows_changes_too_unless_asked_not_to() {
    let mut site = Site::migrated("own").with_probe("Ok(\"one\".to_string())");
    site.serve();
    site.get("/probe/").assert(200, "one");
    site.signal("-INT");
    assert!(site.ended().success());
    // As `cargo run -- runserver` does it.
    let port = site.port;
    let mut own = program(&site, &format!("runserver {port}"));
    own.env("CARGO_NET_OFFLINE", "true");
    site.start(own);
    site.get("/probe/").assert(200, "one");
    site.edit("src/views.rs", "\"one\"", "\"two\"");
    site.get("/probe/").assert(200, "two");
    // The port is taken now.
    let taken = run(program(&site, &format!("runserver {port}")));
    assert_eq!(taken.code, Some(1));
    assert!(taken.err.contains(&format!("port {port} of 127.0.0.1 is taken")), "{}", taken.err);
    assert!(taken.err.contains("use another port: `runserver "), "{}", taken.err);
    site.signal("-INT");
    assert!(site.ended().success());

    let own = program(&site, &format!("runserver --noreload {port}"));
    site.start(own);
    site.get("/probe/").assert(200, "two");
    assert!(site.said().contains("Starting development server at http://127.0.0.1:"), "{}", site.said());
    site.edit("src/views.rs", "\"two\"", "\"three\"");
    std::thread::sleep(Duration::from_millis(300));
    site.get("/probe/").assert(200, "two");
    let page = site.visit("/");
    assert!(!page.body.contains("__nuages"), "{}", page.body);
}
