//! Sessions: the value that views see, the engine that loads and saves it, the stores that keep it.
//!
//! Nothing here knows of HTTP. `middleware::session` carries the key between the cookie and the engine.

mod backends;
mod codec;
mod engine;
mod session;
mod store;
mod stripe;

pub use codec::{DecodeError, EncodeError};
pub use engine::{
    Clear, ClearProgress, CookieTooLarge, ENGINES, ExpiryMismatch, Saved, SessionCursor, SessionEngine,
    SessionInfo,
};
pub(crate) use engine::{EngineParts, StoreFactory, session_store_factory};
pub(crate) use session::Loan;
pub use session::{Expiry, Session, SessionHandle, SessionKey, ValueError};
pub use store::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap};
