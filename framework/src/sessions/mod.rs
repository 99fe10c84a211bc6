//! Sessions: the value that views see, the engines that keep it, the logic that saves it.
//!
//! Nothing here knows of HTTP; `middleware::session` carries cookies to and fro.

mod key;
mod session;
mod store;

pub use key::SessionKey;
pub use session::{Expiry, Session};
pub use store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap};
