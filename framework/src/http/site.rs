//! The state that all requests of one application share.

use std::sync::Arc;

use http::Extensions;

use super::{FormMessages, UrlValues};
use crate::{
    Clock, Result,
    cache::Caches,
    db::Databases,
    settings::Settings,
    templates::{TemplateValue, Templates},
};

/// The routes as requests need them. The resolver of `urls` implements it.
pub(crate) trait ReverseUrls: Send + Sync {
    fn reverse(&self, name: &str, values: UrlValues) -> Result<String>;
    /// Whether a route matches this path, given with its leading slash.
    fn is_valid_path(&self, path: &str) -> bool;
    /// All patterns with the names of their routes, in the order in which they are tried.
    fn patterns(&self) -> Vec<(String, Option<String>)>;
}

/// A value that every template gets, such as `user`: its name, and how it is made from the request's
/// extensions. Reading it counts as reading the session.
pub(crate) type SessionVar = (&'static str, fn(&Extensions) -> TemplateValue);

/// The shared state of one application.
pub(crate) struct Site {
    pub(crate) settings: Arc<Settings>,
    pub(crate) urls: Arc<dyn ReverseUrls>,
    pub(crate) templates: Templates,
    pub(crate) session_vars: Vec<SessionVar>,
    pub(crate) databases: Databases,
    pub(crate) caches: Caches,
    pub(crate) clock: Clock,
    pub(crate) form_messages: FormMessages,
}
