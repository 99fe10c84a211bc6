//! The documents' examples, compiled as doc tests: a page with Rust in it has its line here.
//!
//! The integration tests are in `integration/`; `bin/interop_app.rs` is the program that the live tests
//! against Django drive.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/sessions.md")]
pub struct Sessions;

#[cfg(doctest)]
#[doc = include_str!("../../docs/settings.md")]
pub struct Settings;

#[cfg(doctest)]
#[doc = include_str!("../../docs/quickstart.md")]
pub struct Quickstart;

#[cfg(doctest)]
#[doc = include_str!("../../docs/views.md")]
pub struct Views;

#[cfg(doctest)]
#[doc = include_str!("../../docs/responses.md")]
pub struct Responses;

#[cfg(doctest)]
#[doc = include_str!("../../docs/commands.md")]
pub struct Commands;

#[cfg(doctest)]
#[doc = include_str!("../../docs/caches.md")]
pub struct Caches;

#[cfg(doctest)]
#[doc = include_str!("../../docs/server.md")]
pub struct Server;

#[cfg(doctest)]
#[doc = include_str!("../../docs/databases.md")]
pub struct Databases;

#[cfg(doctest)]
#[doc = include_str!("../../docs/uploads.md")]
pub struct Uploads;

#[cfg(doctest)]
#[doc = include_str!("../../docs/forms.md")]
pub struct Forms;
