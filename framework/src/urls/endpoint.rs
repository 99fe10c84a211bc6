//! One URL pattern with everything that matching and reversing need to know about it.
//!
//! `collect` makes endpoints, `index` and `resolver` match paths against them, `reverse` turns them back
//! into URLs.

use std::sync::Arc;

use super::{matcher::Matcher, pattern::Piece};
use crate::view::View;

/// One pattern with all its prefixes, and its view.
pub(super) struct Endpoint {
    /// The pattern as the project wrote it, prefixes included.
    pub(super) pattern: Arc<str>,
    /// The route's name with its namespaces.
    pub(super) name: Option<Arc<str>>,
    pub(super) view: Arc<dyn View>,
    pub(super) pieces: Vec<Piece>,
    /// The names of the captured values, in order.
    pub(super) params: Vec<Arc<str>>,
    pub(super) matcher: Matcher,
}
