//! Requests and responses as views see them.

mod body;
mod request;
mod response;
mod site;

pub use body::Body;
pub use request::Request;
pub use response::{IntoResponse, Json, Response};
pub(crate) use site::{ReverseUrls, Site};
pub use site::{UrlArgs, UrlValues};
