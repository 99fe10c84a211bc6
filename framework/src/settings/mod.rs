//! The settings of a project: `settings.toml` and `NUAGES_*` variables, with Django's names and defaults.
//!
//! [`Settings`] is built once, before anything starts; the other modules read it, and nothing changes it. All
//! mistakes are reported together, each with its name, value, line and column.
//!
//! - `groups/` has one file for each area of settings: their struct, declaration, reading and checks.
//! - `schema/` describes settings: kinds of values, choices, and the list of all settings.
//! - `source/` reads the file and the environment and knows where each value comes from.
//! - `time_zone.rs` converts between moments and the local times of `TIME_ZONE`.
//! - `deployment.rs` has the checks of `manage check --deploy`; `system_check.rs` is one finding.
//! - `load.rs` combines these; `project.rs` reads the `[project]` table; `unknown.rs` and `django.rs` explain
//!   names that are no settings.

mod deployment;
mod django;
mod error;
mod groups;
mod load;
mod project;
mod schema;
mod source;
mod system_check;
mod time_zone;
mod unknown;

pub use error::{ConfigError, SettingsErrors};
pub use groups::{
    AuthSettings, CacheBackend, CacheSettings, ContentSecurityPolicy, CrossOriginOpenerPolicy, CsrfSettings,
    DatabaseEngine, DatabaseSettings, MessageSettings, MessageStorage, SameSite, SecuritySettings,
    ServerSettings, SessionSettings, Settings, SslMode, Synchronous, UploadSettings, XFrameOptions, known,
};
pub use schema::Setting;
pub use source::{Provenance, ValueOrigin};
pub use system_check::{CheckLevel, SystemCheck, UnknownCheckLevel};
pub use time_zone::TimeZone;
