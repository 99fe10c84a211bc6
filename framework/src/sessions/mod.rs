//! Sessions: the value that views see, the engines that keep it, the logic that saves it.
//!
//! Nothing here knows of HTTP; `middleware::session` carries cookies to and fro.

mod backends;
mod clear;
mod codec;
mod data;
mod engine;
mod exact;
mod inspect;
mod key;
mod loading;
mod moved;
mod ops;
mod policy;
mod saving;
mod session;
mod store;

pub use clear::{Clear, ClearProgress};
pub use codec::DecodeError;
pub use data::ValueError;
pub use engine::{CookieTooLarge, Saved, SessionEngine};
pub use inspect::{SessionCursor, SessionInfo};
pub use key::SessionKey;
pub use policy::Expiry;
pub use session::Session;
pub use store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap};
