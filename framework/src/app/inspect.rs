//! Answers to commands such as `manage check` and `manage routes`: odd URL patterns, all patterns, one path.

use super::App;
use crate::{
    http::encoding::decode_path,
    middleware::BuiltIn,
    settings::{SettingsErrors, SystemCheck},
    urls::{Match, PatternInfo},
};

/// Django's checks of a default middleware that is left out, and the checks that then mean nothing
/// (django/core/checks/security/base.py and csrf.py).
const LEFT_OUT: [(BuiltIn, &str, &str, &[&str]); 3] = [
    (
        BuiltIn::Security,
        "security.W001",
        "the security middleware is left out: the SECURE_* settings have no effect",
        &[
            "security.W004",
            "security.W005",
            "security.W006",
            "security.W008",
            "security.W021",
            "security.W022",
        ],
    ),
    (
        BuiltIn::Clickjacking,
        "security.W002",
        "the clickjacking middleware is left out: pages can be shown in frames of other sites",
        &["security.W019"],
    ),
    (
        BuiltIn::Csrf,
        "security.W003",
        "the CSRF middleware is left out: other sites can send forms in the name of a visitor",
        &["security.W016"],
    ),
];
/// The checks of the session cookie.
const OF_SESSIONS: [&str; 5] =
    ["security.W012", "security.W015", "nuages.W001", "nuages.W003", "nuages.W004"];

impl App {
    /// Returns what is unsafe in production: the findings of [`Settings::deployment_checks`], and the default
    /// middleware that [`App::without`] leaves out.
    ///
    /// [`Settings::deployment_checks`]: crate::settings::Settings::deployment_checks
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, middleware::BuiltIn, settings::Settings};
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"";
    /// let app = App::new(Settings::from_toml(text, ".".as_ref())?).without(BuiltIn::Csrf);
    /// assert!(app.deployment_checks().iter().any(|check| check.id == "security.W003"));
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn deployment_checks(&self) -> Vec<SystemCheck> {
        let mut found = self.settings().deployment_checks();
        for (middleware, id, message, pointless) in LEFT_OUT {
            if self.plan.left_out.contains(&middleware) {
                found.retain(|check| !pointless.contains(&check.id.as_str()));
                let hint = format!("remove .without(BuiltIn::{middleware:?}) in src/main.rs");
                found.push(SystemCheck::warning(id, message).with_hint(hint));
            }
        }
        if self.plan.left_out.contains(&BuiltIn::Sessions) {
            found.retain(|check| !OF_SESSIONS.contains(&check.id.as_str()));
        }
        found.retain(|check| !self.settings().is_silenced(&check.id));
        found
    }

    /// Returns what is odd about the URL patterns, with the ids of Django's checks (`urls.W001` to
    /// `urls.W005`). Checks that `SILENCED_SYSTEM_CHECKS` names are left out.
    ///
    /// [`App::deployment_checks`] has the checks for production.
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
