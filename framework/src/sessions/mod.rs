//! Sessions: the value that views see, the engines that keep it, the logic that saves it.
//!
//! Nothing here knows of HTTP; `middleware::session` carries cookies to and fro.

mod backends;
mod clear;
mod codec;
mod data;
mod engine;
mod engines;
mod exact;
mod expiry_check;
mod inspect;
mod key;
mod loading;
mod ops;
mod policy;
mod saving;
mod session;
mod shared;
mod store;

pub use clear::{Clear, ClearProgress};
pub use codec::DecodeError;
pub use data::ValueError;
pub use engine::{CookieTooLarge, Saved, SessionEngine};
pub(crate) use engines::Parts as EngineParts;
pub use engines::{ENGINES, StoreFactory};
pub use expiry_check::ExpiryMismatch;
pub use inspect::{SessionCursor, SessionInfo};
pub use key::SessionKey;
pub use policy::Expiry;
pub use session::Session;
pub(crate) use shared::Loan;
pub use shared::SessionHandle;
pub use store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap};
