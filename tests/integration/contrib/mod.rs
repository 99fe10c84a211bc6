//! The parts of `contrib`: the login and the static files.

mod auth;
mod shared_logins;
mod static_files;
