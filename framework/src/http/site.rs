//! The state that all requests of one application share.

use std::sync::Arc;

use http::Extensions;

use super::{FormMessages, Lifecycle, States, UrlValues};
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
/// extensions.
#[derive(Clone, Copy)]
pub(crate) struct RequestVar {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&Extensions) -> TemplateValue,
    /// Whether reading it counts as reading the session.
    pub(crate) from_session: bool,
}

/// The shared state of one application.
pub(crate) struct Site {
    pub(crate) settings: Arc<Settings>,
    pub(crate) urls: Arc<dyn ReverseUrls>,
    pub(crate) templates: Templates,
    pub(crate) request_vars: Vec<RequestVar>,
    pub(crate) databases: Databases,
    pub(crate) caches: Caches,
    pub(crate) clock: Clock,
    pub(crate) form_messages: FormMessages,
    pub(crate) states: States,
    pub(crate) lifecycle: Lifecycle,
}
