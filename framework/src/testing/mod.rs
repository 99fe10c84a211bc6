//! For tests: an in-process client, and the suite that every session engine must pass.

mod session_suite;

pub use session_suite::{Outcome, SuiteReport, session_store_suite};
