//! Requests and responses as views see them, and all that HTTP asks of either.
//!
//! Built on `sessions` and `templates`; `middleware`, `urls` and `app` stand above.

mod body;
mod caching;
mod conditional;
mod cookie_header;
mod cookies;
pub(crate) mod csrf_token;
pub(crate) mod encoding;
pub(crate) mod forms;
pub(crate) mod host;
mod into_response;
mod query;
pub(crate) mod redirects;
mod render;
mod request;
mod response;
mod site;

pub use body::Body;
pub use conditional::{Validators, http_date, parse_http_date};
pub use cookie_header::Cookies;
pub use cookies::{CookieError, SetCookie};
pub use csrf_token::CsrfToken;
pub use forms::FormError;
pub use host::HostError;
pub use into_response::{IntoResponse, Json};
pub use query::QueryDict;
pub use redirects::url_has_allowed_host_and_scheme;
pub(crate) use render::{SessionVar, add_url_function, session_of};
pub use render::{redirect, render, render_to_string};
pub(crate) use request::Route;
pub use request::{Request, Secure};
pub(crate) use response::join;
pub use response::{HeaderError, Response};
pub(crate) use site::{ReverseUrls, Site};
pub use site::{UrlArgs, UrlValues};
