//! The parts of `contrib`: the login and the static files.

mod auth;
mod static_files;
