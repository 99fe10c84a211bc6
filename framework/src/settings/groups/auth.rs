//! `AUTHENTICATION_BACKENDS` and `AUTH_USER_MODEL`: whose logins of a Django site count here.

use super::{checks::Checks, reader::Reader};

/// Django's default backend.
const MODEL_BACKEND: &str = "django.contrib.auth.backends.ModelBackend";
/// The only model whose users Nuages reads, in Django's table `auth_user`.
const USER_MODEL: &str = "auth.User";

/// The settings of `contrib::auth`.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     AUTHENTICATION_BACKENDS = [
///         "django.contrib.auth.backends.ModelBackend",
///         "allauth.account.auth_backends.AuthenticationBackend",
///     ]
/// "#;
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.auth.backends.len(), 2);
/// assert!(settings.auth.has_users());
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthSettings {
    /// `AUTHENTICATION_BACKENDS`. A login by one of these is a login here. Default: Django's `ModelBackend`.
    pub backends: Vec<String>,
    /// `AUTH_USER_MODEL`. Default `auth.User`.
    pub user_model: String,
}

impl AuthSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("auth");
        Self {
            backends: reader.list("AUTHENTICATION_BACKENDS", &[MODEL_BACKEND], "The backends, by their names in Django, whose logins count here. A login by another backend is anonymous here and stays unchanged."),
            user_model: reader.text("AUTH_USER_MODEL", USER_MODEL, "The Django site's user model. With another model than `auth.User`, its logins are anonymous here and stay unchanged."),
        }
    }

    /// Returns whether users can be read: `AUTH_USER_MODEL` is `auth.User`.
    pub fn has_users(&self) -> bool {
        self.user_model == USER_MODEL
    }

    /// Returns the backend that a login here is stored with: Django's `ModelBackend` if it is listed, else the
    /// first.
    pub fn login_backend(&self) -> &str {
        let model = self.backends.iter().find(|backend| *backend == MODEL_BACKEND);
        model.or(self.backends.first()).map_or(MODEL_BACKEND, String::as_str)
    }

    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if self.backends.is_empty() {
            checks.error("AUTHENTICATION_BACKENDS", "expected at least one backend");
        }
        let parts: Vec<_> = self.user_model.split('.').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
            let hint = "Django's default is \"auth.User\"";
            checks.error_with_hint(
                "AUTH_USER_MODEL",
                "expected an app and a model, with a dot between",
                hint,
            );
        }
    }
}
