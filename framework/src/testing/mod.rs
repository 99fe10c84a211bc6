//! For tests: an in-process client, and the suite that every session engine must pass.

mod client;
mod database;
mod jar;
mod request;
mod response;
mod session;
mod session_suite;

pub use client::Client;
pub use database::migrate;
pub use jar::Cookie;
pub use request::TestRequest;
pub use response::TestResponse;
pub use session::ClientSession;
pub use session_suite::{CheckOutcome, SuiteReport, session_store_suite};
