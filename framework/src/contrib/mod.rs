//! Parts of Django's `contrib`: users, messages and static files.

pub mod auth;
pub mod messages;
pub mod staticfiles;
