//! The error for mistakes that the check of an application finds, headed by where they are: in the settings,
//! in the URL patterns or in the templates.

use std::{error::Error, fmt, path::Path};

use nuages::settings::{ConfigError, SettingsErrors};

use crate::CommandError;

/// Where a mistake is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Settings,
    UrlPatterns,
    Templates,
}

impl Place {
    fn of(error: &ConfigError) -> Self {
        match error.setting.as_str() {
            "URLs" => Self::UrlPatterns,
            // A mistake in the setting itself has a line in the settings file.
            "TEMPLATE_DIRS" if error.location.is_none() => Self::Templates,
            _ => Self::Settings,
        }
    }
}

/// Returns the error that lists the mistakes of a project with this settings file.
pub(crate) fn unusable(settings_file: &Path, errors: SettingsErrors) -> CommandError {
    let places: Vec<Place> = errors.0.iter().map(Place::of).collect();
    let only = |place| places.iter().all(|found| *found == place);
    if only(Place::Settings) {
        return CommandError::because(format!("{} cannot be used", settings_file.display()), errors);
    }
    let message = if only(Place::UrlPatterns) {
        "the URL patterns cannot be used"
    } else if only(Place::Templates) {
        "the templates cannot be used"
    } else {
        "the project cannot be used"
    };
    CommandError::because(message, Mistakes(errors.0))
}

/// Mistakes in several places, or in another one than the settings.
#[derive(Debug)]
struct Mistakes(Vec<ConfigError>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 1 {
            writeln!(f, "{} mistakes", self.0.len())?;
        }
        for (number, error) in self.0.iter().enumerate() {
            let mut error = error.clone();
            if Place::of(&error) != Place::Settings {
                // The name stands for the place, which the message names, too.
                error.setting.clear();
            }
            write!(f, "{}{error}", if number > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(errors: &[ConfigError]) -> String {
        unusable(Path::new("settings.toml"), SettingsErrors(errors.to_vec())).with_causes()
    }

    #[test]
    fn mistakes_are_headed_by_their_place() {
        let setting = ConfigError::new("SESSION_ENGINE", "no such engine");
        let url = ConfigError::new("URLs", "URL pattern \"<x\": wrong");
        let template = ConfigError::new("TEMPLATE_DIRS", "a.html:3: wrong");
        assert_eq!(
            text(std::slice::from_ref(&setting)),
            "settings.toml cannot be used: SESSION_ENGINE: no such engine"
        );
        assert_eq!(
            text(std::slice::from_ref(&url)),
            "the URL patterns cannot be used: URL pattern \"<x\": wrong"
        );
        assert_eq!(text(std::slice::from_ref(&template)), "the templates cannot be used: a.html:3: wrong");
        assert_eq!(
            text(&[url, setting]),
            "the project cannot be used:\n  2 mistakes\n  URL pattern \"<x\": wrong\n  \
             SESSION_ENGINE: no such engine"
        );
    }
}
