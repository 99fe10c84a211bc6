//! Two views and no session: `cargo run -p nuages --example hello [ADDRESS]`.
//!
//! `/` greets the world, and `/hello/Django/` greets Django.

use std::{env, error::Error};

use nuages::{
    App,
    prelude::*,
    server::{Listener, serve, signals},
    settings::Settings,
    urls::path,
};

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 8f0c1b7e2d9a4c63b5e7f1a2c4d6e8b0"
DEBUG = true
SESSION_ENGINE = "signed_cookies"
"#;

fn index(_: &mut Request) -> &'static str {
    "Hello, world!"
}

/// A `String` is sent as plain text, so a name with HTML in it does no harm.
fn greet(_: &mut Request, name: String) -> String {
    format!("Hello, {name}!")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_toml(SETTINGS, env!("CARGO_MANIFEST_DIR").as_ref())?;
    let app = App::new(settings.clone()).urls(vec![path("", index), path("hello/<str:name>/", greet)]);
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
