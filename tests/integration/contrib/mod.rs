//! The parts of `contrib`: the login and the static files.

mod auth;
mod hidden_files;
mod messages;
mod shared_logins;
mod static_files;
