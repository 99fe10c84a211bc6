//! The pages that answer errors: the debug page, the project's own templates, and the bare page.
//!
//! Middleware, `app` and the static files use them.

mod bare;
mod debug;
mod mask;
mod respond;
mod retry_after;

pub(crate) use bare::bare;
use bare::bare_html;
pub(crate) use debug::NoRoute;
pub(crate) use respond::respond;
pub(crate) use retry_after::retry_after;
