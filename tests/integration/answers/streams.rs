//! Streams and server-sent events: what arrives, what an error does, and when they end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use nuages::{
    App,
    http::{Event, EventSender, StreamSender},
    prelude::*,
    testing::Client,
    urls::path,
};

use crate::support::{
    asking::app,
    polling::until,
    raw_server::{self, start_with},
};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_pieces_of_a_stream_arrive_in_order() {
    let numbers = |_: &mut Request| {
        Response::stream(async move |mut out: StreamSender| {
            for number in 0..1000 {
                out.send(format!("{number},")).await?;
                out.send("").await?;
                if number % 100 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        })
        .with_header("Content-Type", "text/csv")
    };
    let nothing = |_: &mut Request| Response::stream(async |_: StreamSender| Ok(()));
    let elsewhere = |_: &mut Request| {
        Response::stream(async move |out: StreamSender| {
            let mut other = out.clone();
            tokio::spawn(async move { other.send("from a task").await }).await?
        })
    };
    let client = Client::new(app(
        "",
        vec![path("numbers/", numbers), path("nothing/", nothing), path("elsewhere/", elsewhere)],
    ));
    let response = client.get("/numbers/").await;
    let expected: String = (0..1000).map(|number| format!("{number},")).collect();
    assert_eq!((&*response.text(), response.header("content-type")), (&*expected, Some("text/csv")));
    assert_eq!(response.header("content-length"), None);
    let nothing = client.get("/nothing/").await;
    assert_eq!(
        (nothing.status().as_u16(), nothing.header("content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(nothing.text(), "");
    assert_eq!(client.get("/elsewhere/").await.text(), "from a task");
}

#[tokio::test]
async fn a_stream_waits_for_a_client_that_does_not_read() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let view = move |_: &mut Request| {
        let count = Arc::clone(&count);
        Response::stream(async move |mut out: StreamSender| {
            loop {
                out.send(vec![b'x'; 64 * 1024]).await?;
                count.fetch_add(1, Relaxed);
            }
        })
    };
    let app = App::new(raw_server::settings("")).urls(vec![path("endless/", view)]);
    let server = start_with("", app).await;
    let mut client = server.connect().await;
    client.send("GET /endless/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(PATIENCE, async || sent.load(Relaxed) > 0).await;
    // What the system's buffers hold is sent; then nothing more.
    let mut before = 0;
    until(PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::mem::replace(&mut before, sent.load(Relaxed)) == sent.load(Relaxed)
    })
    .await;
    assert!(before < 1_000, "{before} pieces of 64 KiB were sent to a client that reads nothing");
}

#[tokio::test]
async fn an_error_in_a_stream_breaks_the_connection_after_what_was_sent() {
    let broken = |_: &mut Request| {
        Response::stream(async move |mut out: StreamSender| {
            out.send("half").await?;
            Err(Error::new("no more"))
        })
    };
    let app = App::new(raw_server::settings("")).urls(vec![path("broken/", broken)]);
    let server = start_with("", app).await;
    let mut client = server.connect().await;
    client.send("GET /broken/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.accepted().await;
    let received = client.until_closed().await;
    assert!(received.contains("half") && !received.ends_with("0\r\n\r\n"), "{received:?}");
}

#[tokio::test]
async fn events_arrive_as_browsers_read_them() {
    let events = |request: &mut Request| {
        let last = request.header("Last-Event-ID").unwrap_or("none").to_owned();
        Events::new(request, async move |mut events: EventSender| {
            events.send("two\r\nlines").await?;
            events.send(Event::json(&json!({ "stock": 3 }))?.name("stock")?.id("7")?).await?;
            events.send(Event::text(last).retry(Duration::from_secs(2))).await
        })
    };
    let client = Client::new(app("", vec![path("", events)]));
    let response = client.get("/").header("Last-Event-ID", "6").await;
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(
        (response.header("cache-control"), response.header("x-accel-buffering")),
        (Some("no-cache"), Some("no"))
    );
    let expected =
        "data: two\ndata: lines\n\nevent: stock\nid: 7\ndata: {\"stock\":3}\n\nretry: 2000\ndata: 6\n\n";
    assert_eq!(response.text(), expected);
    for event in [Event::text("x").name("a\rb"), Event::text("x").id("a\0")] {
        let error = event.expect_err("it would be two lines").to_string();
        assert!(error.contains("of an event contains a line end or NUL"), "{error}");
    }
}

#[tokio::test]
async fn a_silent_connection_is_kept_alive() {
    let events = |request: &mut Request| {
        Events::new(request, async move |mut events: EventSender| {
            tokio::time::sleep(Duration::from_millis(200)).await;
            events.send("late").await
        })
        .keep_alive(Duration::from_millis(20))
    };
    let text = Client::new(app("", vec![path("", events)])).get("/").await.text().into_owned();
    assert!(
        text.starts_with(": keep-alive\n\n: keep-alive\n\n") && text.ends_with("data: late\n\n"),
        "{text}"
    );
}

/// Counts the works that have ended.
struct Ended(Arc<AtomicUsize>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[tokio::test]
async fn events_end_when_the_server_drains_or_the_client_goes() {
    let ended = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ended);
    let view = move |request: &mut Request| {
        let ended = Ended(Arc::clone(&count));
        Events::new(request, async move |mut events: EventSender| {
            events.send("hello").await?;
            let _ended = ended;
            std::future::pending::<Result<()>>().await
        })
    };
    let app = App::new(raw_server::settings("")).urls(vec![path("events/", view)]);
    let running = app.start().await.expect("started");
    let mut server = start_with("", app).await;
    let mut gone = server.connect().await;
    gone.send("GET /events/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.accepted().await;
    gone.until("data: hello").await;
    drop(gone);
    until(PATIENCE, async || ended.load(Relaxed) == 1).await;
    let mut client = server.connect().await;
    client.send("GET /events/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.accepted().await;
    client.until("data: hello").await;
    server.drain();
    let rest = client.until_closed().await;
    assert!(rest.ends_with("0\r\n\r\n"), "the response ends as it should: {rest:?}");
    until(PATIENCE, async || ended.load(Relaxed) == 2).await;
    running.end().await;
}
