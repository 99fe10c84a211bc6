//! Sessions: the value that views see, the engines that keep it, the logic that saves it.
//!
//! Nothing here knows of HTTP; `middleware::session` carries cookies to and fro.

mod key;
mod session;

pub use key::SessionKey;
pub use session::{Expiry, Session};
