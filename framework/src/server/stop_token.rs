//! Tells a handler that nobody waits for its response any more.

use std::{fmt, sync::Arc};

use super::{activity::Activity, gate::Turn};

/// Tells a handler that its client has closed the connection, or that the server has cut it.
///
/// Each request has one among its extensions. A handler finishes its work by default, so that a client
/// that goes away never leaves a request half done; a handler that only collects data for a response can
/// stop early instead. A client that has closed only its sending half counts as gone too, although it
/// still gets its response.
///
/// # Examples
///
/// ```
/// use nuages::{prelude::*, server::StopToken};
///
/// async fn report(request: &mut Request) -> Result<String> {
///     let stop = request.extension::<StopToken>().cloned();
///     let mut lines = Vec::new();
///     for day in 1..=31 {
///         if stop.as_ref().is_some_and(StopToken::is_stopped) {
///             return Err(Error::new("the client has gone"));
///         }
///         lines.push(format!("day {day}"));
///     }
///     Ok(lines.join("\n"))
/// }
/// # let _ = report;
/// ```
#[derive(Clone)]
pub struct StopToken {
    activity: Arc<Activity>,
    /// Lives as long as the request, which holds this token: see [`Turn`].
    _turn: Arc<Turn>,
}

impl StopToken {
    pub(super) fn new(activity: Arc<Activity>, turn: Arc<Turn>) -> Self {
        Self { activity, _turn: turn }
    }

    /// Returns whether the client has gone.
    pub fn is_stopped(&self) -> bool {
        self.activity.departed()
    }

    /// Waits until the client has gone.
    ///
    /// # Examples
    ///
    /// Ends an event stream whose client has left:
    ///
    /// ```
    /// # async fn next_event() -> String { String::new() }
    /// # async fn example(stop: nuages::server::StopToken) {
    /// loop {
    ///     tokio::select! {
    ///         () = stop.stopped() => break,
    ///         event = next_event() => println!("{event}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn stopped(&self) {
        self.activity.departure().await;
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("is_stopped", &self.is_stopped()).finish()
    }
}
