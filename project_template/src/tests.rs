//! `cargo test`.
