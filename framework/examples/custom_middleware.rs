//! Two custom middlewares: `cargo run -p nuages --example custom_middleware [ADDRESS]`.
//!
//! `timing`, an `async fn`, measures each request. `Maintenance`, a type with settings of its own, answers
//! in place of the views while the site is closed, except below the paths that it leaves open.

use std::{
    env,
    error::Error,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Instant,
};

use nuages::{
    App, BoxFuture,
    http::Body,
    middleware::Middleware,
    prelude::*,
    server::{Listener, serve, signals},
    settings::Settings,
    urls::path,
    view::csrf_exempt,
};

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 1d5e9c3a7b0f4826e8c2a6d0b4f8139e"
DEBUG = true
SESSION_ENGINE = "signed_cookies"
"#;

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Code before `next.run` sees the request on its way in, code after it the response on its way out.
async fn timing(request: &mut Request, next: Next<'_>) -> Result<Response> {
    let start = Instant::now();
    let mut response = next.run(request).await?;
    response.set_header("Server-Timing", format!("app;dur={}", start.elapsed().as_millis()));
    Ok(response)
}

struct Maintenance {
    open: &'static [&'static str],
}

impl Middleware for Maintenance {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let open = self.open.iter().any(|prefix| request.path().starts_with(prefix));
            if open || !CLOSED.load(Relaxed) {
                return next.run(request).await;
            }
            // The middlewares before this one still see the response, and so does `timing`.
            let body = Body::from("Closed for maintenance.");
            Ok(Response::text(body).with_status(StatusCode::SERVICE_UNAVAILABLE))
        })
    }
}

fn index(_: &mut Request) -> &'static str {
    "Open."
}

/// Exempt from the CSRF check, since a script calls it. A real one would check a token in a header.
fn toggle(_: &mut Request) -> String {
    let closed = !CLOSED.fetch_xor(true, Relaxed);
    format!("closed: {closed}")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_toml(SETTINGS, env!("CARGO_MANIFEST_DIR").as_ref())?;
    // They run after Django's default middlewares, in this order.
    let app = App::new(settings.clone())
        .middleware(timing)
        .middleware(Maintenance { open: &["/admin/"] })
        .urls(vec![path("", index), path("admin/toggle/", csrf_exempt(toggle))]);
    app.check()?;

    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = Listener::bind(&address).await?;
    eprintln!("http://{}/", listener.local_addr());
    let mut signals = signals()?;
    let shutdown = async {
        signals.next().await;
    };
    serve(listener, app, &settings.server, shutdown).await;
    Ok(())
}
