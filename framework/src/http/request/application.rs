//! The application as a request sees it: its state, and the token of its end.

use std::sync::Arc;

use super::Request;
use crate::http::{RequestLink, Stop};

impl Request {
    /// Returns the value of this type that [`App::state`](crate::App::state) gave to the application. It
    /// holds no borrow of the request.
    ///
    /// # Errors
    ///
    /// A 500 that names the type, if there is no such value.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// struct Shop {
    ///     name: String,
    /// }
    ///
    /// fn index(request: &mut Request) -> Result<String> {
    ///     let shop = request.state::<Shop>()?;
    ///     request.session.insert("visited", &shop.name)?;
    ///     Ok(format!("Welcome to {}", shop.name))
    /// }
    /// ```
    pub fn state<T: Send + Sync + 'static>(&self) -> crate::Result<Arc<T>> {
        Ok(self.site().states.get()?)
    }

    /// The token that long work for this request watches: it stops when the server begins to shut down, and
    /// when the client has gone.
    ///
    /// [`StopToken`](crate::server::StopToken) tells about the client alone.
    pub fn stop(&self) -> Stop {
        self.site().lifecycle.stop().with_link(self.extension::<RequestLink>().cloned())
    }
}
