//! [`Stop`]: tells long work that it should end.
//!
//! `app` makes the [`Lifecycle`] of an application, whose end stops everything; a request's token also stops
//! with its server and its client.

use std::fmt;

use tokio::sync::watch;

use super::RequestLink;

/// The end of an application.
#[derive(Debug)]
pub(crate) struct Lifecycle(watch::Sender<bool>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Lifecycle {
    /// Tells everything that watches that the application ends.
    pub(crate) fn end(&self) {
        self.0.send_replace(true);
    }

    /// Makes a token.
    pub(crate) fn stop(&self) -> Stop {
        Stop { ending: self.0.subscribe(), link: None }
    }
}

/// Tells long work that it should end: a task when the server has stopped, a long response when the server
/// begins to shut down or its client has gone. Clones watch the same end.
///
/// # Examples
///
/// A response that waits for news does not hold up the shutdown:
///
/// ```
/// use nuages::prelude::*;
///
/// # async fn next_news() -> String { String::new() }
/// async fn news(request: &mut Request) -> Result<String> {
///     let stop = request.stop();
///     tokio::select! {
///         news = next_news() => Ok(news),
///         () = stop.stopped() => Err(Error::with_status(StatusCode::SERVICE_UNAVAILABLE, "shutting down")),
///     }
/// }
/// # let _ = news;
/// ```
#[derive(Clone)]
pub struct Stop {
    ending: watch::Receiver<bool>,
    link: Option<RequestLink>,
}

impl Stop {
    /// Stops with the server and the client of a request, too.
    pub(super) fn with_link(self, link: Option<RequestLink>) -> Self {
        Self { link, ..self }
    }

    /// Whether the work should end.
    pub fn is_stopped(&self) -> bool {
        *self.ending.borrow() || self.link.as_ref().is_some_and(|link| link.0.is_stopping())
    }

    /// Waits until the work should end.
    pub async fn stopped(&self) {
        let mut ending = self.ending.clone();
        let ended = async {
            // Without a sender the application is gone.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        match &self.link {
            None => ended.await,
            Some(link) => {
                tokio::select! {
                    () = ended => {}
                    () = link.0.stopping() => {}
                }
            }
        }
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("is_stopped", &self.is_stopped()).finish()
    }
}
