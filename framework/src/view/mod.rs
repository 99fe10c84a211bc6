//! Views: `fn` and `async fn` that take `&mut Request` and then the values that the URL captures.
//!
//! [`path`](crate::urls::path) makes a [`View`] of a function through [`IntoView`]. A captured value that does
//! not parse into the type of its argument is a 404. `urls` checks that a pattern captures as many values as
//! its view takes.

mod blocking;
mod conditional;
mod csrf_exempt;
mod decorators;
mod functions;
mod into_view;
mod methods;

pub use crate::future::BoxFuture;
pub(crate) use blocking::Watched;
pub use blocking::blocking;
pub use conditional::{ValidatorsFn, conditional};
pub use csrf_exempt::csrf_exempt;
pub(crate) use decorators::{CspExempt, FrameExempt};
pub use decorators::{
    cache_control, csp_exempt, never_cache, vary_on, xframe_options_deny, xframe_options_exempt,
    xframe_options_sameorigin,
};
pub use functions::{AsyncViewFn, SyncViewFn, ViaAsync, ViaSync};
pub(crate) use into_view::described_by;
pub use into_view::{FromParam, IntoView, ViaSelf, View};
pub use methods::{Methods, NotAllowed, methods, require_http_methods};
