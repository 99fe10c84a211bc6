//! Logging in and out with a form: `cargo run -p nuages --example login [ADDRESS]`.
//!
//! The form carries a CSRF token, the session gets a new key at login, and the template escapes the name
//! that the visitor typed. A real application checks a password before it calls `cycle_key`.

use std::{env, error::Error};

use nuages::{
    App,
    prelude::*,
    server::{Listener, serve, signals},
    settings::Settings,
    urls::path,
    view::methods,
};
use serde::Deserialize;

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 7c2e4a6f8b0d1e3c5a7f9b2d4e6c8a0f"
DEBUG = true
SESSION_ENGINE = "cache"
"#;

#[derive(Deserialize)]
struct Login {
    name: String,
}

fn index(request: &mut Request) -> Result<Response> {
    let name = request.session.get::<String>("name")?;
    render(request, "login.html", context! { name })
}

async fn login(request: &mut Request) -> Result<Response> {
    let Login { name } = request.form().await?;
    // A key that was planted in the browser before the login is invalid after it.
    request.session.cycle_key();
    request.session.insert("name", name)?;
    Ok(redirect("/"))
}

fn logout(request: &mut Request) -> Response {
    request.session.flush();
    redirect("/")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Templates are read from `examples/templates/`.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let settings = Settings::from_toml(SETTINGS, folder.as_ref())?;
    let app = App::new(settings.clone()).urls(vec![
        path("", index),
        path("login/", methods().post(login)),
        path("logout/", methods().post(logout)),
    ]);
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
