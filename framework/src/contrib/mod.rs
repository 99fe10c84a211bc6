//! What projects use and nothing below needs: Django's `contrib`.

pub mod staticfiles;
