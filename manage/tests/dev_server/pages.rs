//! The pages while there is no program: the build, and what is wrong.

use crate::site::Site;

const TOOL: &str = "Accept: */*\r\n";

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn the_first_build_shows_its_progress_and_becomes_the_page() {
    let mut site = Site::migrated("first").with_slow_build(4);
    site.serve();
    let page = site.open("/");
    page.assert(503, "Building the project");
    assert!(
        page.body.contains("/__nuages/live-reload.js") && page.body.contains("<noscript>"),
        "{}",
        page.body
    );
    assert!(page.head.contains("cache-control: no-store"), "{}", page.head);
    // A tool waits.
    site.send("GET", "/", TOOL, "").assert(200, "Bonjour, stranger.");
    let page = site.visit("/");
    page.assert(200, "Bonjour, stranger.");
    assert!(page.body.contains("<script src=\"/__nuages/live-reload.js\""), "{}", page.body);
    // The script is for pages only.
    assert!(!site.get("/static/site.css").body.contains("__nuages"));
    assert!(!site.send("GET", "/", TOOL, "").body.contains("__nuages"));
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_compile_error_is_shown_and_goes_away() {
    let mut site = Site::migrated("error").with_probe("Ok(\"one\".to_string())");
    site.serve();
    site.get("/probe/").assert(200, "one");
    site.edit("src/views.rs", "Ok(\"one\"", "Ok(missing + \"one\"");
    let page = site.visit("/probe/");
    page.assert(500, "The project does not compile");
    assert!(page.body.contains("cannot find value `missing`"), "{}", page.body);
    let link = format!("href=\"vscode://file{}:", site.path("src/views.rs").display());
    assert!(page.body.contains(&link), "{link} is not in {}", page.body);
    assert!(page.body.contains("class=\"b c9\"") || page.body.contains("class=\"c9\""), "no colours");
    assert!(!page.body.contains('\u{1b}'), "an escape sequence");
    let text = site.send("GET", "/probe/", TOOL, "");
    text.assert(500, "error[E0425]: cannot find value `missing`");
    assert!(text.head.contains("text/plain") && !text.body.contains('\u{1b}'), "{}", text.head);
    site.edit("src/views.rs", "Ok(missing + \"one\"", "Ok(\"two\"");
    site.visit("/probe/").assert(200, "two");
    // A change that the compiler is sure of is shown as a diff.
    site.edit("src/views.rs", "let _ = &request;", "let _ = &request");
    let page = site.visit("/probe/");
    page.assert(500, "expected `;`");
    site.edit("src/views.rs", "let _ = &request\n", "let mut unused: Option<&str> = None;\n");
    site.visit("/probe/").assert(200, "two");
    // A module whose file does not exist yet, and then does.
    site.edit("src/main.rs", "mod views;", "mod views;\nmod later;");
    site.visit("/probe/").assert(500, "later");
    site.write("src/later.rs", "");
    site.visit("/probe/").assert(200, "two");
    // Cargo's own errors.
    site.edit("Cargo.toml", "edition = \"2024\"", "edition = \"1999\"");
    site.visit("/probe/").assert(500, "Cargo cannot build the project");
    site.edit("Cargo.toml", "edition = \"1999\"", "edition = \"2024\"");
    site.visit("/probe/").assert(200, "two");
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_program_that_cannot_start_says_why() {
    let mut site = Site::migrated("start").with_probe("Ok(\"here\".to_string())");
    site.serve();
    site.get("/probe/").assert(200, "here");
    site.edit("settings.toml", "DEBUG = true", "DEBUG = true\nSESION_ENGINE = \"db\"");
    let page = site.visit("/probe/");
    page.assert(500, "The project cannot start");
    assert!(page.body.contains("SESSION_ENGINE"), "the name that was meant is not in {}", page.body);
    site.send("GET", "/probe/", TOOL, "").assert(500, "SESION_ENGINE");
    site.edit("settings.toml", "\nSESION_ENGINE = \"db\"", "");
    site.visit("/probe/").assert(200, "here");
    // A template that does not compile: the debug page has the script, and goes away like the others.
    site.edit("templates/index.html", "{% block", "{% blok %}{% block");
    let page = site.visit("/");
    page.assert(500, "index.html");
    assert!(page.body.contains("/__nuages/live-reload.js"), "{}", page.body);
    site.edit("templates/index.html", "{% blok %}{% block", "{% block");
    site.visit("/").assert(200, "Bonjour");
    // A program that serves the public with a mistake in its settings.
    site.edit("settings.toml", "DEBUG = true", "DEBUG = false");
    site.visit("/probe/").assert(500, "ALLOWED_HOSTS = [");
    site.edit("settings.toml", "DEBUG = false", "DEBUG = true");
    site.visit("/probe/").assert(200, "here");
    // A panic in main.
    site.edit(
        "src/main.rs",
        "    manage::run",
        "    assert!(std::env::args().len() > 9, \"too few\");\n    manage::run",
    );
    let page = site.visit("/probe/");
    page.assert(500, "The program panicked while it started");
    assert!(page.body.contains("too few"), "{}", page.body);
    let link = format!("href=\"vscode://file{}:", site.path("src/main.rs").display());
    assert!(page.body.contains(&link), "{link} is not in {}", page.body);
    site.edit("src/main.rs", "    assert!(std::env::args().len() > 9, \"too few\");\n", "");
    site.visit("/probe/").assert(200, "here");
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn details_are_for_this_machine_alone() {
    let mut site = Site::migrated("private").with_probe("Ok(format!(\"{:?}\", request.remote_addr()))");
    site.serve();
    site.get("/probe/").assert(200, "Some(127.0.0.1)");
    // A client cannot choose its address, nor can another host name read pages by DNS rebinding.
    site.send("GET", "/probe/", "X-Nuages-Dev-Client: guess 192.0.2.7:1\r\n", "")
        .assert(200, "Some(127.0.0.1)");
    site.edit("src/views.rs", "remote_addr()", "remote_address()");
    site.visit("/probe/").assert(500, "remote_address");
    let other = site.send_to("GET", "/probe/", "evil.example", "Accept: text/html\r\n", "");
    other.assert(500, "Its terminal says why");
    assert!(!other.body.contains("remote_address"), "{}", other.body);
    let events = site.send_to("GET", "/__nuages/events", "evil.example", "", "");
    assert_eq!(events.status, 403);
}
