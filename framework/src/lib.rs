//! Nuages: a small Django-like web framework with built-in sessions.
//!
//! A project is a list of routes and the views they lead to. `request.session` is there from the first
//! request on: a plain value, loaded before the view and saved after it, in the table, the file or the
//! cookie in which Django keeps its own.
//!
//! ```
//! use nuages::{App, prelude::*, settings::Settings, testing::Client, urls::path};
//!
//! async fn index(request: &mut Request) -> Result<String> {
//!     let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
//!     request.session.insert("visits", visits)?;
//!     Ok(format!("visit {visits}"))
//! }
//!
//! fn article(request: &mut Request, year: u32, slug: String) -> Result<Response> {
//!     request.session["last"]["slug"] = json!(slug);
//!     Ok(redirect(request.reverse("article", (year, &slug))?))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! # let text = "SECRET_KEY = \"an example of a key that has fifty characters, as it should\"
//! #     DEBUG = true
//! #     SESSION_ENGINE = \"signed_cookies\"";
//! # let settings = Settings::from_toml(text, ".".as_ref())?;
//! let app = App::new(settings).urls(vec![
//!     path("", index).name("index"),
//!     path("articles/<int:year>/<slug:slug>/", article).name("article"),
//! ]);
//!
//! let client = Client::new(app);
//! client.get("/").await;
//! assert_eq!(client.get("/").await.text(), "visit 2");
//! # Ok(()) }
//! ```
//!
//! [`App`] is a tower service: `server` listens for it, `testing` asks it without sockets, and any other
//! tower stack can hold it. Settings come from `settings.toml` and the environment ([`settings`]).

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
mod debug_page;
mod error;
mod future;
mod json;

pub use ::http::StatusCode;
pub use app::{App, Mountable, ResponseFuture};
pub use clock::Clock;
pub use error::{BoxError, Error, Result, Unavailable};
pub use future::BoxFuture;
pub use serde_json::{Value, json};
