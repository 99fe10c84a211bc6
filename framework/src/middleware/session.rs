//! Loads the session before the view and saves it afterwards, in the same cases as Django's
//! `SessionMiddleware` (django/contrib/sessions/middleware.py).
//!
//! It loads a session only if the request has the cookie. A session that the view does not touch leaves no
//! trace: no `Vary`, no `Set-Cookie`, no write.

use std::sync::Arc;

use super::{Middleware, Next};
use crate::{
    BoxFuture, Error, Result,
    http::{Cookies, Request, Response, SetCookie},
    sessions::{Saved, Session, SessionEngine},
    settings::{SessionSettings, Settings},
};

/// Moves sessions between cookies and the engine. The Tower layer uses it too.
#[derive(Clone)]
pub(crate) struct SessionCarrier {
    engine: SessionEngine,
    settings: Arc<Settings>,
}

impl SessionCarrier {
    pub(crate) fn new(engine: SessionEngine, settings: Arc<Settings>) -> Self {
        Self { engine, settings }
    }

    fn session_settings(&self) -> &SessionSettings {
        &self.settings.session
    }

    /// Loads the session of the cookie. Returns it, and whether the request has the cookie.
    pub(crate) async fn load(&self, cookies: &Cookies) -> Result<(Session, bool)> {
        match cookies.get(&self.session_settings().cookie_name) {
            Some(cookie) => Ok((self.engine.load(cookie).await?, true)),
            None => Ok((self.engine.new_session(), false)),
        }
    }

    /// Saves the session if needed, and sets or deletes the cookie.
    pub(crate) async fn finish(
        &self,
        session: &mut Session,
        response: &mut Response,
        had_cookie: bool,
    ) -> Result<()> {
        let accessed = session.is_accessed();
        if session.has_discarded() {
            // A logout takes effect even if saving the session fails.
            self.engine.delete_discarded(session).await?;
        }
        if had_cookie && accessed && session.is_empty() && !session.is_unreadable() {
            if self.engine.has_moved(session).await? {
                // The browser gets its new key from another response; a deletion could erase it.
                self.keep_private(response);
            } else {
                self.delete_cookie(response);
            }
            return Ok(());
        }
        if accessed {
            response.vary_on("Cookie");
        }
        if response.status().is_server_error() || !self.must_save(session) {
            return Ok(());
        }
        match self.engine.save(session).await? {
            Saved::Stored => self.send_cookie(session, response),
            Saved::Superseded => {
                tracing::info!(target: "nuages.sessions", "another request gave the session a new key: the changes of this request are dropped");
            }
            Saved::Interrupted if self.session_settings().interrupted_is_error => {
                return Err(Error::bad_request(
                    "the request's session was deleted before the request completed; the user may have \
                     logged out in a concurrent request, for example",
                ));
            }
            Saved::Interrupted => {
                // The cookie is left alone: the visitor may have logged in again, and this response may be late.
                tracing::warn!(target: "nuages.sessions", "another request deleted the session: the changes of this request are dropped");
            }
        }
        Ok(())
    }

    fn must_save(&self, session: &Session) -> bool {
        let settings = self.session_settings();
        if session.is_empty() || (session.is_unreadable() && !session.is_modified()) {
            return false;
        }
        let due = || match (settings.renew_after, session.saved_at()) {
            (Some(after), Some(saved_at)) => {
                self.engine.clock().now().duration_since(saved_at).is_ok_and(|age| age >= after)
            }
            _ => false,
        };
        session.is_modified() || settings.save_every_request || due()
    }

    fn send_cookie(&self, session: &Session, response: &mut Response) {
        let Some(value) = session.cookie_value() else { return };
        let settings = self.session_settings();
        let mut cookie = SetCookie::new(&*settings.cookie_name, value);
        if !session.expires_at_browser_close() {
            cookie = cookie.lasting(session.expiry_age(), self.engine.clock().now());
        }
        cookie.path.clone_from(&settings.cookie_path);
        cookie.domain.clone_from(&settings.cookie_domain);
        cookie.secure = settings.cookie_secure;
        cookie.httponly = settings.cookie_httponly;
        cookie.samesite = settings.cookie_samesite;
        cookie.partitioned = settings.cookie_partitioned;
        response.set_cookie(cookie);
        self.keep_private(response);
    }

    fn delete_cookie(&self, response: &mut Response) {
        let settings = self.session_settings();
        let (name, path) = (&*settings.cookie_name, &*settings.cookie_path);
        let deletion =
            SetCookie::deletion(name, path, settings.cookie_domain.clone(), settings.cookie_samesite);
        response.set_cookie(deletion.partitioned(settings.cookie_partitioned));
        self.keep_private(response);
    }

    /// Keeps a response with a session cookie out of shared caches: it is for one visitor.
    fn keep_private(&self, response: &mut Response) {
        response.vary_on("Cookie");
        response.cache_control("private");
    }
}

/// Loads and saves `request.session`.
pub(crate) struct SessionMiddleware(SessionCarrier);

impl SessionMiddleware {
    pub(crate) fn new(engine: SessionEngine, settings: Arc<Settings>) -> Self {
        Self(SessionCarrier::new(engine, settings))
    }
}

impl Middleware for SessionMiddleware {
    fn call<'a>(&'a self, request: &'a mut Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let (session, had_cookie) = self.0.load(request.cookies()).await?;
            request.session = session;
            let mut response = next.run(request).await?;
            self.0.finish(&mut request.session, &mut response, had_cookie).await?;
            Ok(response)
        })
    }
}
