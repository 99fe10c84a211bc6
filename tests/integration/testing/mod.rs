//! The test client.

mod client;
