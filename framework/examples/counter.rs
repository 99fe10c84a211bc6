//! A session in the server's memory: `cargo run -p nuages --example counter [ADDRESS]`.
//!
//! `/` counts the visits of each browser, and a `POST` to `/forget/` ends its session.

use std::{env, error::Error};

use nuages::{
    App,
    prelude::*,
    server::{Listener, serve, signals},
    settings::Settings,
    urls::path,
    view::{csrf_exempt, methods},
};

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 1d9b5c7f3e2a4860b1c3d5e7f9a0b2c4"
DEBUG = true
SESSION_ENGINE = "cache"
"#;

async fn index(request: &mut Request) -> Result<Response> {
    // The closure runs again on the fresh value if another request changes the session at the same time,
    // so no visit is lost.
    request.session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    let visits = request.session.get::<u64>("visits")?.unwrap_or(0);
    Ok(Response::text(format!("visits: {visits}")))
}

/// Exempt from the CSRF check because there is no form here. See the example `login` for one with a token.
fn forget(request: &mut Request) -> Response {
    request.session.flush();
    redirect("/")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_toml(SETTINGS, env!("CARGO_MANIFEST_DIR").as_ref())?;
    let app = App::new(settings.clone())
        .urls(vec![path("", index), path("forget/", csrf_exempt(methods().post(forget)))]);
    app.check()?;

    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = Listener::bind(&address).await?;
    eprintln!("http://{}/", listener.local_addr());
    let mut signals = signals()?;
    serve(listener, app, &settings.server, async {
        signals.next().await;
    })
    .await;
    Ok(())
}
