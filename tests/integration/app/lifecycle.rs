//! State, start and end, background tasks, and the token that long work watches.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use nuages::{App, Running, Stop, prelude::*, server::serve, testing::Client, urls::path};

use crate::support::{
    asking::{app, settings},
    events::Events,
    polling::until,
    program::Program,
    raw_server::{self, start_with},
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Shop(&'static str);

fn shop(request: &mut Request) -> Result<String> {
    let (shop, number) = (request.state::<Shop>()?, request.state::<AtomicUsize>()?);
    request.session.insert("seen", true)?;
    Ok(format!("{} {}", shop.0, number.fetch_add(1, Relaxed)))
}

#[tokio::test]
async fn views_share_the_state_of_the_application() {
    let app = app("DEBUG = true", vec![path("", shop)]).state(Shop("old")).state(AtomicUsize::new(5));
    let client = Client::new(app.state(Shop("new")));
    assert_eq!(client.get("/").await.text(), "new 5");
    assert_eq!(client.get("/").await.text(), "new 6");
}

#[tokio::test]
async fn a_missing_state_names_the_type_and_the_call_to_add() {
    let client = Client::new(app("DEBUG = true", vec![path("", shop)]).state(Shop("x")));
    let response = client.get("/").await;
    assert_eq!(response.status(), 500);
    let text = response.text();
    assert!(text.contains("AtomicUsize") && text.contains("add `.state(..)`"), "{text}");
}

#[tokio::test]
async fn hooks_and_tasks_run_in_their_order() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().expect("a lock").push(what)
    };
    let (started, again, ended, stopped) = (note("start"), note("start 2"), note("task"), note("stop"));
    let app = app("", vec![])
        .on_start(async move |app: Running| {
            started();
            app.spawn("work", async move |stop: Stop| {
                stop.stopped().await;
                ended();
            });
            Ok(())
        })
        .on_start(async move |_: Running| {
            again();
            Ok(())
        })
        .on_stop(async move |_: Running| {
            stopped();
            Err(Error::new("is logged"))
        });
    let running = app.start().await.expect("started");
    assert_eq!(*order.lock().expect("a lock"), ["start", "start 2"]);
    let stop = running.stop();
    assert!(!stop.is_stopped());
    running.end().await;
    assert!(stop.is_stopped());
    assert_eq!(*order.lock().expect("a lock"), ["start", "start 2", "task", "stop"]);
}

#[tokio::test]
async fn a_panic_in_a_task_is_logged_and_named() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let app = app("", vec![]).on_start(async |app: Running| {
        app.spawn("prices", async move |_: Stop| panic!("no prices"));
        Ok(())
    });
    let running = app.start().await.expect("started");
    until(PATIENCE, async || events.text().contains("the task \"prices\" panicked")).await;
    assert!(events.text().contains("no prices"), "{}", events.text());
    running.end().await;
}

#[tokio::test]
async fn a_start_that_fails_ends_what_it_has_started() {
    let ended = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ended);
    let failing = app("", vec![])
        .on_start(async move |app: Running| {
            app.spawn("work", async move |stop: Stop| {
                stop.stopped().await;
                count.fetch_add(1, Relaxed);
            });
            Ok(())
        })
        .on_start(async |_: Running| Err(Error::new("no prices today")));
    let error = failing.start().await.expect_err("it fails");
    assert_eq!(error.chain(), ["an on_start hook failed", "no prices today"]);
    assert_eq!(ended.load(Relaxed), 1);
    let panicking = app("", vec![]).on_start(async |_: Running| panic!("on purpose"));
    assert!(panicking.start().await.expect_err("it fails").chain()[1].contains("on purpose"));
}

#[tokio::test]
async fn a_task_that_stays_is_aborted_after_the_grace() {
    let app = app("GRACEFUL_TIMEOUT = 0.2", vec![]).on_start(async |app: Running| {
        app.spawn("staying", async move |_: Stop| std::future::pending::<()>().await);
        Ok(())
    });
    let running = app.start().await.expect("started");
    let begun = std::time::Instant::now();
    running.end().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

async fn wait(request: &mut Request) -> &'static str {
    let stop = request.stop();
    assert!(!stop.is_stopped());
    stop.stopped().await;
    assert!(stop.is_stopped());
    request.state::<AtomicUsize>().expect("a counter").fetch_add(1, Relaxed);
    "stopped"
}

#[tokio::test]
async fn a_long_response_ends_when_the_server_drains_or_the_client_goes() {
    let app = App::new(raw_server::settings("")).urls(vec![path("wait/", wait)]).state(AtomicUsize::new(0));
    let count = app.start().await.expect("started").state::<AtomicUsize>().expect("a counter");
    let mut server = start_with("", app).await;
    let mut gone = server.connect().await;
    gone.send("GET /wait/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.accepted().await;
    drop(gone);
    until(PATIENCE, async || count.load(Relaxed) == 1).await;
    let mut client = server.connect().await;
    client.send("GET /wait/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.accepted().await;
    let begun = std::time::Instant::now();
    server.drain();
    assert!(client.response().await.ends_with("stopped"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_program_without_manage_starts_and_ends_the_application() {
    let app = App::new(settings("")).on_start(async |app: Running| {
        app.spawn("work", async move |stop: Stop| stop.stopped().await);
        Ok(())
    });
    let listener = nuages::server::Listener::bind("127.0.0.1:0").await.expect("a port");
    let running = app.start().await.expect("started");
    let server = app.settings().server.clone();
    serve(listener, app, &server, async {}).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runserver_starts_and_ends_the_application() {
    let mut program = Program::new("DEBUG = true\n[project]\nlifecycle = \"run\"");
    program.start();
    assert!(program.folder().join("started").exists(), "before the first request");
    until(PATIENCE, async || program.log().contains("the task \"breaking\" panicked")).await;
    program.stop();
    assert!(program.folder().join("stopped-after-task").exists(), "{}", program.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runserver_ends_a_task_that_stays_after_the_grace_or_a_signal() {
    let mut program = Program::new("DEBUG = true\nGRACEFUL_TIMEOUT = 0.3\n[project]\nlifecycle = \"stay\"");
    program.start();
    program.stop();
    assert!(program.log().contains("the task \"staying\" did not end in time"), "{}", program.log());
    let mut program = Program::new("DEBUG = true\n[project]\nlifecycle = \"stay\"");
    program.start();
    program.signal("-INT");
    tokio::time::sleep(Duration::from_millis(700)).await;
    program.signal("-INT");
    assert!(program.ended_within(Duration::from_secs(5)).is_some());
}

#[test]
fn runserver_does_not_start_if_a_hook_fails() {
    let program = Program::new("DEBUG = true\n[project]\nlifecycle = \"fail\"");
    let output = program.command(&["runserver", "127.0.0.1:0"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("an on_start hook failed: no prices today"), "{said}");
}
