//! The pages that answer errors: the debug page, the project's templates such as `404.html`, problem
//! details, and the bare page. Middleware, `app` and static files use them.

mod bare;
mod debug;
mod mask;
mod origin;
mod problem;
mod respond;
mod retry_after;

pub(crate) use bare::bare;
use bare::bare_html;
pub(crate) use debug::NoRoute;
pub(crate) use respond::{ErrorHandler, respond};
pub(crate) use retry_after::{RETRY_SOON, retry_after};
