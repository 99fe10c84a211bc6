//! The settings, one file for each area. Such a file contains the struct of the area, the declaration of each
//! setting (its name, kind, default and documentation), which also reads it, and the checks.
//!
//! To add a setting, add a field and a line to `read` in its area's file, then write the documentation with
//! `cargo run -p nuages-tests --bin settings_docs`.

mod auth;
mod caches;
mod checks;
mod cookie;
mod core;
mod csp;
mod csrf;
mod databases;
mod messages;
mod reader;
mod security;
mod server;
mod session;
mod uploads;
mod values;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use toml::de::DeTable;

pub use auth::AuthSettings;
pub use caches::{CacheBackend, CacheSettings};
pub(super) use checks::Checks;
pub use cookie::SameSite;
pub use core::Settings;
pub use csp::ContentSecurityPolicy;
pub use csrf::CsrfSettings;
pub use databases::{DatabaseEngine, DatabaseSettings, SslMode, Synchronous};
pub use messages::{MessageSettings, MessageStorage};
pub(super) use reader::Reader;
pub use security::{CrossOriginOpenerPolicy, SecuritySettings, XFrameOptions};
pub use server::ServerSettings;
pub use session::SessionSettings;
pub use uploads::UploadSettings;

use super::{
    schema::{Schema, Setting},
    source::Sources,
};

/// Every setting that the groups declare.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let (tree, sources) = (DeTable::new(), Arc::new(Sources::new("", "", Vec::new())));
        let mut reader = Reader::declaring(&tree, &sources);
        Settings::read(&mut reader, Path::new(""));
        Schema::new(reader.into_declared())
    });
    &SCHEMA
}

/// Every setting that `settings.toml` may contain.
///
/// # Examples
///
/// ```
/// let age = nuages::settings::known().find(|setting| setting.name() == "SESSION_COOKIE_AGE").unwrap();
/// assert_eq!(age.default_text(), "1209600");
/// ```
pub fn known() -> impl Iterator<Item = &'static Setting> {
    schema().settings()
}
