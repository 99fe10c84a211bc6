//! What projects use and nothing below needs: users, messages, static files (Django's `contrib`).

pub mod auth;
pub mod messages;
pub mod staticfiles;
