//! An axum application whose sessions are those of a Nuages or Django project.
//!
//! The router is here, so that tests can have it too; `main.rs` serves it.

use axum::{
    Form, Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use nuages::{
    Result,
    tower::{SessionHandle, SessionLayer},
};
use serde::Deserialize;

/// The application: a page that counts visits, a login, a logout, and a health check.
pub fn router(sessions: SessionLayer) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(sessions)
        // Routes added after the layer stand outside of it and never pay for a session.
        .route("/healthz", get(async || "ok\n"))
}

async fn index(session: SessionHandle) -> Result<Html<String>> {
    // Run again on the fresh value if another request counts at the same moment: no visit is lost.
    session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    let visits = session.get::<u64>("visits")?;
    let name = session.get::<String>("name")?;
    let page = minijinja::Environment::new().render_named_str(
        "index.html", // the ending makes it escape what visitors wrote
        include_str!("index.html"),
        minijinja::context! { visits, name },
    )?;
    Ok(Html(page))
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// A real application checks a password first. The session cookie is `SameSite=Lax`: other sites cannot
/// make a browser send it along with a POST.
async fn login(session: SessionHandle, Form(login): Form<Login>) -> Result<Redirect> {
    session.cycle_key(); // a key that was planted before the login is worth nothing after it
    session.insert("name", login.name)?;
    Ok(Redirect::to("/"))
}

async fn logout(session: SessionHandle) -> Redirect {
    session.flush();
    Redirect::to("/")
}

#[cfg(doctest)]
#[doc = include_str!("../../../tower.md")]
pub struct TowerPage;
