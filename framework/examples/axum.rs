//! The same sessions in an axum application: `cargo run -p nuages --features axum --example axum [ADDRESS]`.
//!
//! `docs/examples/axum-sessions` is a complete application with a database, a login and its own tests.

use std::{env, error::Error};

use axum::{
    Router,
    response::Redirect,
    routing::{get, post},
};
use nuages::{
    Result,
    settings::Settings,
    tower::{SessionHandle, SessionLayer},
};
use tokio::net::TcpListener;

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 4b6d8f0a2c4e6081a3c5e7f9b1d3f5a7"
DEBUG = true
SESSION_ENGINE = "cache"
"#;

async fn index(session: SessionHandle) -> Result<String> {
    session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    Ok(format!("visits: {}", session.get::<u64>("visits")?.unwrap_or(0)))
}

async fn forget(session: SessionHandle) -> Redirect {
    session.flush();
    Redirect::to("/")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_toml(SETTINGS, env!("CARGO_MANIFEST_DIR").as_ref())?;
    let router = Router::new()
        .route("/", get(index))
        .route("/forget/", post(forget))
        .layer(SessionLayer::from_settings(&settings)?)
        // Routes that are added after the layer have no session.
        .route("/healthz", get(async || "ok"));

    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    eprintln!("http://{}/", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}
