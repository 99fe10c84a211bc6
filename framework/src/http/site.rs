//! What all requests of one application share.

use std::sync::Arc;

use crate::{Clock, Result, settings::Settings};

/// Turns a route's name and arguments back into a URL; the resolver of `urls` implements it.
pub(crate) trait ReverseUrls: Send + Sync {
    fn reverse(&self, name: &str, args: &[String]) -> Result<String>;
}

/// One application's shared state.
pub(crate) struct Site {
    pub(crate) settings: Arc<Settings>,
    pub(crate) urls: Box<dyn ReverseUrls>,
    pub(crate) clock: Clock,
}
