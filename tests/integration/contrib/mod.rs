//! The parts of `contrib`: the login and the static files.

mod auth;
mod messages;
mod static_files;
