//! Views: `fn` and `async fn` that take `&mut Request` and then the URL's captured values, typed.
//!
//! `path()` turns either into a [`View`] through [`IntoView`], whose marker parameter inference picks.
//! A captured value that does not parse into its argument's type is a 404. Which URL leads to which
//! view, and whether the numbers of captures and arguments agree, is the business of `urls`.

mod csrf_exempt;
mod functions;
mod into_view;
mod methods;

pub use crate::future::BoxFuture;
pub use csrf_exempt::csrf_exempt;
pub use functions::{AsyncViewFn, SyncViewFn, ViaAsync, ViaSync};
pub use into_view::{FromParam, IntoView, ViaSelf, View};
pub use methods::{Methods, NotAllowed, methods, require_http_methods};
