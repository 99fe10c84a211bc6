//! A visitor of the application, without sockets: Django's test `Client`.
//!
//! It keeps cookies between requests, does not have to bring CSRF tokens, and sees responses as they are.

use http::Method;

use super::{ClientSession, TestRequest, state::ClientState};
use crate::{App, Clock, Result};

/// A visitor. Clones are the same visitor: they share the cookies.
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
    /// A visitor without cookies. The `Host` it asks for is the first of `ALLOWED_HOSTS`, or `localhost`.
    ///
    /// # Panics
    ///
    /// With all that [`App::check`] finds wrong: such an application could not start either.
    #[track_caller]
    pub fn new(app: App) -> Self {
        Self { state: ClientState::new(app) }
    }

    /// Another visitor of the same application, without cookies.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { state: self.state.without_cookies() }
    }

    /// Whether requests come over HTTPS: then cookies with `Secure` are sent too. Default false.
    #[must_use]
    pub fn https(mut self, secure: bool) -> Self {
        self.state.secure = secure;
        self
    }

    /// The host that requests ask for.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.state.host = host.into();
        self
    }

    /// Whether the CSRF middleware checks this client's requests as it does everybody's. Default false,
    /// as Django's.
    #[must_use]
    pub fn enforce_csrf_checks(mut self, enforce: bool) -> Self {
        self.state.enforce_csrf = enforce;
        self
    }

    /// A GET of a path, with a query if it has one.
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// A HEAD.
    pub fn head(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::HEAD, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PUT, path)
    }

    /// A PATCH.
    pub fn patch(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::PATCH, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// An OPTIONS.
    pub fn options(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::OPTIONS, path)
    }

    /// A request of any method.
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest::new(&self.state, method, path)
    }

    /// The application's clock: move it, and sessions and cookies end.
    pub fn clock(&self) -> &Clock {
        self.state.clock()
    }

    /// The value of a cookie that the client holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.state.cookie(name)
    }

    /// Gives the client a cookie for all paths, until it is deleted. The value is sent as it stands.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.state.jar().set(name, value, None, "/");
    }

    /// Takes a cookie from the client.
    pub fn remove_cookie(&self, name: &str) {
        self.state.jar().remove(name);
    }

    /// Takes all cookies from the client: a new browser.
    pub fn clear_cookies(&self) {
        self.state.jar().clear();
    }

    /// The session that the client's cookie names, to read and to change; an empty one without a cookie.
    /// Nothing is stored, and no cookie set, before [`ClientSession::save`].
    ///
    /// # Errors
    ///
    /// Where the session store fails.
    pub async fn session(&self) -> Result<ClientSession> {
        ClientSession::load(&self.state).await
    }
}
