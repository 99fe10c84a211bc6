//! Answers to commands such as `manage check` and `manage routes`: odd URL patterns, all patterns, one path.

use super::App;
use crate::{
    http::encoding::decode_path,
    settings::{SettingsErrors, SystemCheck},
    urls::{Match, PatternInfo},
};

impl App {
    /// Returns what is odd about the URL patterns, with the ids of Django's checks (`urls.W001` to
    /// `urls.W005`). Checks that `SILENCED_SYSTEM_CHECKS` names are left out.
    ///
    /// [`Settings::deployment_checks`] has the checks of production settings.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`App::check`].
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, prelude::*, settings::Settings, urls::path};
    ///
    /// fn about(_: &mut Request) -> &'static str {
    ///     "about"
    /// }
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
    /// let settings = Settings::from_toml(text, ".".as_ref())?;
    /// let found = App::new(settings).urls(vec![path("/about/", about)]).system_checks()?;
    /// assert_eq!(found[0].id, "urls.W002");
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn system_checks(&self) -> Result<Vec<SystemCheck>, SettingsErrors> {
        let warnings = self.ready()?.resolver.warnings().iter();
        let reported = warnings.filter(|warning| !self.settings().is_silenced(warning.id));
        Ok(reported.map(|warning| SystemCheck::warning(warning.id, warning.text())).collect())
    }

    /// Lists the URL patterns, in the order in which they are tried.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`App::check`].
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, prelude::*, settings::Settings, urls::path};
    ///
    /// fn about(_: &mut Request) -> &'static str {
    ///     "about"
    /// }
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
    /// let app = App::new(Settings::from_toml(text, ".".as_ref())?).urls(vec![path("about/", about).name("about")]);
    /// let patterns = app.url_patterns()?;
    /// assert_eq!((patterns[0].pattern, patterns[0].name), ("about/", Some("about")));
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn url_patterns(&self) -> Result<Vec<PatternInfo<'_>>, SettingsErrors> {
        Ok(self.ready()?.resolver.patterns().collect())
    }

    /// Returns the route that answers the path of a URL, such as `/articles/caf%C3%A9/?page=2`. A query is
    /// ignored. A path that is no valid URL's has no route.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`App::check`].
    pub fn resolve(&self, path: &str) -> Result<Option<Match>, SettingsErrors> {
        let resolver = &self.ready()?.resolver;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = decode_path(path).ok();
        Ok(path.and_then(|path| resolver.resolve(path.strip_prefix('/').unwrap_or(&path))))
    }
}
