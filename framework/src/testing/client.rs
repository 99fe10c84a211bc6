//! The test client: one browser, connected to the application without a socket.
//!
//! Requests go through every middleware, as a server's do. See `request.rs` for what a request can hold and
//! `state.rs` for what the client keeps.

use http::Method;

use super::{ClientSession, TestRequest, state::ClientState};
use crate::{App, Clock, Result};

/// A browser that sends requests to an [`App`] in the same process: Django's test `Client`.
///
/// It keeps cookies between requests and needs no CSRF token. Clones share their cookies;
/// [`stranger`](Self::stranger) has none.
///
/// # Examples
///
/// ```
/// use nuages::{App, prelude::*, settings::Settings, testing::Client, urls::path};
///
/// fn greet(request: &mut Request) -> Result<String> {
///     Ok(format!("Hello, {}!", request.query().get("name").unwrap_or("World")))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// # let text = "SECRET_KEY = \"not so secret: this is an example of fifty characters\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// let client = Client::new(App::new(settings).urls(vec![path("greet/", greet)]));
/// let response = client.get("/greet/").query(&[("name", "Django")]).await;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.text(), "Hello, Django!");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    state: ClientState,
}

impl Client {
    /// Makes a client without cookies. Its requests name the first of `ALLOWED_HOSTS`, or `localhost`.
    ///
    /// # Panics
    ///
    /// Panics with every error that [`App::check`] finds. Such an application could not start either.
    #[track_caller]
    pub fn new(app: App) -> Self {
        Self { state: ClientState::new(app) }
    }

    /// Makes another client of the same application, without cookies.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { state: self.state.without_cookies() }
    }

    /// Sets whether requests arrive over HTTPS, so that `Secure` cookies are sent too. Default: false.
    #[must_use]
    pub fn https(mut self, secure: bool) -> Self {
        self.state.secure = secure;
        self
    }

    /// Sets the host that requests name.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.state.host = host.into();
        self
    }

    /// Sets whether the CSRF middleware checks this client's requests. Default: false, as in Django.
    #[must_use]
    pub fn enforce_csrf_checks(mut self, enforce: bool) -> Self {
        self.state.enforce_csrf = enforce;
        self
    }

    /// Prepares a GET request. The path may have a query.
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// Prepares a HEAD request.
    pub fn head(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::HEAD, path)
    }

    /// Prepares a POST request.
    pub fn post(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// Prepares a PUT request.
    pub fn put(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PUT, path)
    }

    /// Prepares a PATCH request.
    pub fn patch(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PATCH, path)
    }

    /// Prepares a DELETE request.
    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// Prepares an OPTIONS request.
    pub fn options(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::OPTIONS, path)
    }

    /// Prepares a request with any method.
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest::new(&self.state, method, path)
    }

    /// Returns the application's clock. Move it to expire sessions and cookies.
    pub fn clock(&self) -> &Clock {
        self.state.clock()
    }

    /// Returns the value of a cookie, unless it has expired.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.state.cookie(name)
    }

    /// Sets a cookie for all paths that never expires. The value is sent unchanged.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.state.jar().set(name, value, None, "/");
    }

    /// Removes a cookie.
    pub fn remove_cookie(&self, name: &str) {
        self.state.jar().remove(name);
    }

    /// Removes all cookies.
    pub fn clear_cookies(&self) {
        self.state.jar().clear();
    }

    /// Loads the session that the client's cookie names, or a new one. Only [`ClientSession::save`] stores
    /// changes and sets the cookie.
    ///
    /// # Errors
    ///
    /// Fails where the session store fails.
    pub async fn session(&self) -> Result<ClientSession> {
        ClientSession::load(&self.state).await
    }
}
