//! The test client's session, read and changed outside any request.

use std::ops::{Deref, DerefMut};

use super::state::ClientState;
use crate::{Result, sessions::Session};

/// A client's session, read and changed outside any request: Django's `client.session`.
///
/// [`Client::session`](super::Client::session) loads it. It dereferences to [`Session`]. Changes are stored
/// by [`save`](Self::save).
///
/// # Examples
///
/// ```
/// # async fn example(client: nuages::testing::Client) -> nuages::Result<()> {
/// let mut session = client.session().await?;
/// session.insert("name", "Django")?;
/// session.save().await?;
/// assert!(client.get("/").await.text().contains("Django"));
/// # Ok(())
/// # }
/// ```
pub struct ClientSession {
    session: Session,
    client: ClientState,
}

impl ClientSession {
    pub(super) async fn load(client: &ClientState) -> Result<Self> {
        let engine = &client.sessions;
        let cookie = client.cookie(&client.app.settings().session.cookie_name);
        let session = match cookie {
            Some(cookie) => engine.load(cookie).await?,
            None => engine.new_session(),
        };
        Ok(Self { session, client: client.clone() })
    }

    /// Stores the session and gives the client its cookie.
    ///
    /// # Errors
    ///
    /// Fails where the session store fails.
    pub async fn save(&mut self) -> Result<()> {
        let saved = self.client.sessions.save(&mut self.session).await?;
        tracing::debug!(?saved, "the test client's session");
        let settings = &self.client.app.settings().session;
        let end = (!self.session.expires_at_browser_close()).then(|| self.session.expiry_date());
        let mut jar = self.client.jar();
        match self.session.cookie_value() {
            Some(value) => jar.set(&settings.cookie_name, value, end, &settings.cookie_path),
            None => jar.remove(&settings.cookie_name),
        }
        Ok(())
    }
}

impl Deref for ClientSession {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for ClientSession {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}
