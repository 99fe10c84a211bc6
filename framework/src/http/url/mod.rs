//! URLs: their parts, their encoding, the values that go into them, and where it is safe to redirect to.

mod args;
pub(crate) mod encoding;
mod parts;
mod redirect_safety;

pub use args::{UrlArgs, UrlValues};
pub(crate) use parts::split;
pub use redirect_safety::url_has_allowed_host_and_scheme;
