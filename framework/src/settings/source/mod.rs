//! Where settings come from: the settings file and the `NUAGES_*` variables, read into one tree of values
//! that know their place.
//!
//! Used by the loader and by `Settings::project`. Nothing here knows a single setting: that is the schema.

mod environment;
mod file;
mod origin;
mod provenance;
mod redact;

use toml::de::DeTable;

use super::{error::ConfigError, schema::Schema};

pub(super) use environment::{SETTINGS_FILE, of_process, settings_among};
pub(super) use file::Sources;
pub use origin::ValueOrigin;
pub use provenance::Provenance;
pub(super) use provenance::error_about;
pub(super) use redact::{MASK, is_secret_name, shown, to_toml, without_credentials};

/// The file's values, overridden by the environment's, and every syntax error of the file.
pub(super) fn tree<'a>(sources: &'a Sources, schema: &Schema) -> (DeTable<'a>, Vec<ConfigError>) {
    let (mut tree, errors) = sources.parse();
    for (variable, span) in sources.variables() {
        environment::override_value(&mut tree, variable, span, schema);
    }
    (tree, errors)
}
