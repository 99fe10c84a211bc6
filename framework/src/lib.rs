//! Nuages is a small Django-like web framework with built-in sessions.
//!
//! A project is a list of URL patterns and the views that they lead to. Each request carries
//! `request.session`: a plain value, loaded before the view runs and saved after it. Table, cookie and data
//! are those of Django, so a Django site and a Nuages site can serve the same visitors at the same time.
//!
//! # A first example
//!
//! ```
//! use nuages::{App, prelude::*, settings::Settings, urls::path};
//!
//! async fn index(request: &mut Request) -> Result<String> {
//!     let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
//!     request.session.insert("visits", visits)?;
//!     Ok(format!("visit {visits}"))
//! }
//!
//! fn article(request: &mut Request, year: u32, slug: String) -> Result<Response> {
//!     request.session["last"] = json!({ "year": year, "slug": slug });
//!     Ok(redirect(request.reverse("index", ())?))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! let settings = Settings::from_toml(
//!     r#"
//!     SECRET_KEY = "an example of a key that has fifty characters, as it should"
//!     DEBUG = true
//!     SESSION_ENGINE = "signed_cookies"
//!     "#,
//!     ".".as_ref(),
//! )?;
//! let app = App::new(settings).urls(vec![
//!     path("", index).name("index"),
//!     path("articles/<int:year>/<slug:slug>/", article).name("article"),
//! ]);
//!
//! // Sends requests without a socket, and keeps cookies as a browser does.
//! let client = nuages::testing::Client::new(app);
//! client.get("/").await;
//! assert_eq!(client.get("/").await.text(), "visit 2");
//! # Ok(()) }
//! ```
//!
//! `manage startproject` writes a project with settings, templates and tests, and `manage runserver` serves
//! it. [`server`] is the same server for a program that has no `manage`. Complete programs of less than 100
//! lines each are in the folder `framework/examples` of the repository.
//!
//! # Feature flags
//!
//! None is on by default. SQLite, files, signed cookies and the cache in memory need no feature.
//!
//! | feature | adds |
//! | --- | --- |
//! | `testing` | the module `testing`: a test client, and the test suite for session stores |
//! | `postgres` | databases, and so sessions, on a PostgreSQL server |
//! | `redis` | caches, and so sessions, on a Redis server |
//! | `tls` | TLS to these servers: `sslmode` and `rediss://` |
//! | `tower` | the module `tower`: sessions for every Tower service; `App::layer` |
//! | `axum` | the session as an argument of axum handlers; includes `tower` |
//!
//! # Where to read on
//!
//! - [`sessions::Session`]: everything that `request.session` can do, beside Django's methods.
//! - [`urls`] and [`view`]: patterns, converters, and the functions that can be views.
//! - [`http::Form`]: forms, their fields and checks; [`http::UploadedFile`]: files in forms.
//! - [`middleware`]: Django's default middleware, and how to write another.
//! - [`settings`]: `settings.toml` and the environment. Mistakes are reported together, at start-up.
//! - [`sessions::SessionStore`]: the trait of a session store in other storage.
//! - The book, in the folder `docs` of the repository: quickstart, sessions, settings, databases, commands.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cache;
pub mod contrib;
pub mod db;
pub mod http;
pub mod middleware;
pub mod migrations;
pub mod prelude;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod signing;
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;
pub mod urls;
pub mod view;

mod app;
mod clock;
mod crypto;
mod error;
mod error_page;
mod future;
mod json;
mod log_once;
mod one_line;

pub use ::http::StatusCode;
pub use ::time;
pub use app::{App, AppService, Mountable, ResponseFuture, Running};
pub use clock::Clock;
pub use error::{BoxError, Error, Result, Unavailable};
pub use future::BoxFuture;
pub use http::Stop;
pub use one_line::OneLine;
pub use serde_json::{Value, json};
