//! The request as a view sees it.

use std::sync::{Arc, Mutex};

use super::{Body, Site, UrlArgs};
use crate::{Result, sessions::Session};

/// One request.
pub struct Request {
    /// The visitor's session, loaded before the view when the request carries its cookie.
    pub session: Session,
    head: http::request::Parts,
    path: String,
    body: Mutex<Body>,
    params: Vec<(Arc<str>, String)>,
    site: Arc<Site>,
}

impl Request {
    /// A request out of its parts; `path` is the percent-decoded path.
    pub(crate) fn new(head: http::request::Parts, path: String, body: Body, site: Arc<Site>) -> Self {
        Self { session: Session::default(), head, path, body: Mutex::new(body), params: Vec::new(), site }
    }

    /// The method.
    pub fn method(&self) -> &http::Method {
        &self.head.method
    }

    /// The percent-decoded path, with its leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The header fields.
    pub fn headers(&self) -> &http::HeaderMap {
        &self.head.headers
    }

    /// The values the URL pattern captured, in order, with their names.
    pub(crate) fn params(&self) -> &[(Arc<str>, String)] {
        &self.params
    }

    pub(crate) fn set_params(&mut self, params: Vec<(Arc<str>, String)>) {
        self.params = params;
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    pub(crate) fn take_body(&mut self) -> Body {
        std::mem::take(self.body.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The URL of a named route, as Django's `reverse`: `request.reverse("article", (2026, "hello"))`.
    ///
    /// # Errors
    ///
    /// [`NoReverseMatch`](crate::urls::NoReverseMatch) where no route has the name or takes the values.
    pub fn reverse(&self, name: &str, args: impl UrlArgs) -> Result<String> {
        self.site.urls.reverse(name, args.into_values())
    }
}
