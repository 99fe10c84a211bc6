//! Tools for tests: an in-process client, and the suite that every session store must pass.
//!
//! [`Client`] sends requests to an [`App`](crate::App) without a socket and keeps cookies between them.
//! [`session_store_suite`] checks a session store or engine against everything that the framework relies on.
//! [`migrate`] prepares a test's database.
//!
//! The module needs the feature `testing`. Switch it on in the project's dev-dependencies alone, so that
//! the program itself is built without it:
//!
//! ```toml
//! [dev-dependencies]
//! nuages = { version = "0.1", features = ["testing"] }
//! ```

mod client;
mod database;
mod jar;
mod request;
mod response;
mod session;
mod session_suite;
mod state;

pub use client::Client;
pub use database::migrate;
pub use jar::Cookie;
pub use request::TestRequest;
pub use response::TestResponse;
pub use session::ClientSession;
pub use session_suite::{CheckOutcome, SuiteReport, session_store_suite};
