//! The request as middleware and views see it.
//!
//! `app` makes it from hyper's request. Only reading the body waits: the session and the user are loaded
//! before the view.

mod absolute_uri;
mod body;
mod cookies;
pub(crate) mod csrf_token;
pub(crate) mod host;
mod query;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Uri, request::Parts};

use body::Payload;
pub use cookies::Cookies;
pub use csrf_token::CsrfToken;
pub use host::HostError;
pub use query::QueryDict;

use super::{
    Body, BodyMemory, FormError, Site, UrlArgs,
    multipart::{FormParts, MultipartReader},
};
use crate::{Clock, Error, Result, cache::Caches, db::Databases, sessions::Session, settings::Settings};

/// A request. Middleware and views get it as `&mut Request`.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// fn search(request: &mut Request) -> String {
///     let words = request.query().get("q").unwrap_or("nothing");
///     format!("{} {}: you look for {words}", request.method(), request.path())
/// }
/// ```
pub struct Request {
    /// The visitor's session, loaded before the view if the request carries the session cookie.
    pub session: Session,
    head: Parts,
    path: String,
    payload: Mutex<Payload>,
    params: Vec<(Arc<str>, String)>,
    site: Arc<Site>,
    route: Option<MatchedRoute>,
    query: OnceLock<QueryDict>,
    cookies: OnceLock<Cookies>,
}

/// The route that the resolver found for a request.
#[derive(Clone, Debug)]
pub(crate) struct MatchedRoute {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) pattern: Arc<str>,
    pub(crate) csrf_exempt: bool,
}

/// Marks a request that came to this process over TLS. It is among the request's extensions.
///
/// # Examples
///
/// A server with TLS of its own sets it, so that [`Request::is_secure`] is true:
///
/// ```
/// use nuages::http::Secure;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Secure);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Secure;

impl Request {
    /// Makes a request of its parts; `path` is the percent-decoded path.
    pub(crate) fn new(head: Parts, path: String, body: Body, site: Arc<Site>) -> Self {
        Self {
            session: Session::default(),
            head,
            path,
            payload: Mutex::new(Payload::new(body)),
            params: Vec::new(),
            site,
            route: None,
            query: OnceLock::new(),
            cookies: OnceLock::new(),
        }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The percent-decoded path, with its leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request target, as the client sent it.
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The version of HTTP.
    pub fn version(&self) -> http::Version {
        self.head.version
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The first value of a header field as text; `None` if the field is missing or not ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The values of the query string: Django's `request.GET`.
    pub fn query(&self) -> &QueryDict {
        self.query.get_or_init(|| QueryDict::parse(self.head.uri.query().unwrap_or_default()))
    }

    /// The cookies: Django's `request.COOKIES`.
    pub fn cookies(&self) -> &Cookies {
        self.cookies.get_or_init(|| Cookies::from_headers(&self.head.headers))
    }

    /// Reads the whole body. It is kept, so a second call is cheap.
    ///
    /// # Errors
    ///
    /// A 413 for a body over `DATA_UPLOAD_MAX_MEMORY_SIZE`, a 400 if the connection broke, a 408 if the
    /// client stopped sending.
    pub async fn body(&mut self) -> Result<Bytes> {
        let limit = self.settings().server.data_upload_max_memory_size;
        self.payload_mut().collect(limit).await.map_err(FormError::into_error)
    }

    /// Takes the body as a stream, for uploads that do not fit into memory. After it, [`Request::body`]
    /// and the methods that use it fail.
    pub fn take_body(&mut self) -> Body {
        self.payload_mut().take()
    }

    /// Reads a multipart form up to the first field of this name, and returns its value. The files before it
    /// are kept for [`Request::multipart`].
    pub(crate) async fn find_part(&mut self, name: &str) -> Result<Option<String>, FormError> {
        let make = self.multipart_reader();
        self.payload_mut().find_part(name, make).await
    }

    /// Reads the whole multipart form.
    pub(crate) async fn multipart(&mut self) -> Result<FormParts, FormError> {
        let make = self.multipart_reader();
        self.payload_mut().collect_parts(make).await
    }

    fn multipart_reader(&self) -> impl FnOnce(Body) -> Result<MultipartReader, FormError> + use<> {
        let kind = self.header(http::header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
        let (site, charged) = (Arc::clone(&self.site), self.extension::<BodyMemory>().cloned());
        move |body| MultipartReader::new(body, &kind, &site.settings, charged)
    }

    /// The value that the URL pattern captured under this name.
    ///
    /// # Errors
    ///
    /// A 404 if the value does not parse into `T`; a 500 if the pattern has no capture of this name.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T> {
        let captured = self.params.iter().find(|(known, _)| &**known == name);
        let (_, text) =
            captured.ok_or_else(|| Error::new(format!("the URL pattern captures nothing named {name:?}")))?;
        text.parse().map_err(|_| Error::not_found(format!("{name} = {text:?} does not fit its type")))
    }

    /// The address of the client, or of the proxy in front of the server; `None` without a socket, as in tests.
    pub fn remote_addr(&self) -> Option<IpAddr> {
        self.extension::<SocketAddr>().map(|address| address.ip().to_canonical())
    }

    /// The name of the route that matched, with its namespaces; `None` for a route without a name.
    pub fn route_name(&self) -> Option<&str> {
        self.route.as_ref()?.name.as_deref()
    }

    /// The pattern of the route that matched.
    pub fn route_pattern(&self) -> Option<&str> {
        self.route.as_ref().map(|route| &*route.pattern)
    }

    /// Values by type that travel with the request. Middleware stores values for views and mounted services.
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The extensions, mutable.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.head.extensions
    }

    /// The extension of type `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// #[derive(Clone)]
    /// struct Tenant(String);
    ///
    /// async fn tenant(request: &mut Request, next: Next<'_>) -> Result<Response> {
    ///     let host = request.host()?.to_owned();
    ///     request.extensions_mut().insert(Tenant(host));
    ///     next.run(request).await
    /// }
    /// fn index(request: &mut Request) -> Result<String> {
    ///     let Tenant(name) = request.extension::<Tenant>().ok_or_else(|| Error::new("no tenant"))?;
    ///     Ok(format!("the shop of {name}"))
    /// }
    /// ```
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.head.extensions.get()
    }

    /// The settings of the application.
    pub fn settings(&self) -> &Settings {
        &self.site.settings
    }

    /// The databases of `DATABASES`: `request.db().get("default")`.
    pub fn db(&self) -> &Databases {
        &self.site.databases
    }

    /// The caches of `CACHES`: `request.caches().get("default")`.
    pub fn caches(&self) -> &Caches {
        &self.site.caches
    }

    /// The application's clock. Tests can move it, so use it in views that need the current time.
    pub fn clock(&self) -> &Clock {
        &self.site.clock
    }

    /// The URL of a named route, like Django's `reverse`: `request.reverse("article", (2026, "hello"))`.
    ///
    /// # Errors
    ///
    /// [`NoReverseMatch`](crate::urls::NoReverseMatch) if no route has this name and takes these values.
    pub fn reverse(&self, name: &str, args: impl UrlArgs) -> Result<String> {
        self.site.urls.reverse(name, args.into_values())
    }

    /// The values that the URL pattern captured, with their names, in order.
    pub(crate) fn params(&self) -> &[(Arc<str>, String)] {
        &self.params
    }

    pub(crate) fn set_route(&mut self, params: Vec<(Arc<str>, String)>, route: MatchedRoute) {
        self.params = params;
        self.route = Some(route);
    }

    pub(crate) fn route(&self) -> Option<&MatchedRoute> {
        self.route.as_ref()
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    fn payload_mut(&mut self) -> &mut Payload {
        self.payload.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that the server received except the body, for a mounted service.
    pub(crate) fn head(&self) -> &Parts {
        &self.head
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.head.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
