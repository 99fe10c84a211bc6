//! The user of a session, shared with Django, as in `django/contrib/auth/__init__.py`.
//!
//! The session holds the user's id, the authentication backend, and an HMAC of the password field, so that
//! a changed password logs the user out everywhere. The values equal Django's byte for byte: a user who is
//! logged in on a Django site is logged in here. Users are read from Django's table `auth_user`. Passwords
//! are not checked here.

mod middleware;
mod table;
mod user;

use serde_json::Value;

pub use middleware::AuthenticationMiddleware;
use table::By;
pub use user::User;

use crate::{
    Result, crypto,
    db::Databases,
    http::{Request, RequestVar},
    settings::Settings,
    templates::to_value,
};

/// The keys of the session, as Django names them.
const ID_KEY: &str = "_auth_user_id";
const BACKEND_KEY: &str = "_auth_user_backend";
const HASH_KEY: &str = "_auth_user_hash";

const HASH_SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

impl Request {
    /// The user who is logged in, or the anonymous user. The response then varies by cookie.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn account(request: &mut Request) -> Result<String> {
    ///     let user = request.user();
    ///     if user.is_anonymous() {
    ///         return Err(Error::forbidden("log in first"));
    ///     }
    ///     Ok(format!("the account of {}", user.username()))
    /// }
    /// ```
    pub fn user(&self) -> &User {
        self.session.touch();
        peek_user(self.extensions())
    }
}

fn peek_user(extensions: &http::Extensions) -> &User {
    extensions.get::<User>().unwrap_or(User::ANONYMOUS)
}

/// `user` in templates.
pub(crate) const TEMPLATE_VAR: RequestVar =
    RequestVar { name: "user", make: |extensions| to_value(peek_user(extensions)), from_session: true };

/// The user with this primary key, active or not; `None` without such a user, without the table
/// `auth_user`, or without a database.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn user_by_id(databases: &Databases, id: i64) -> Result<Option<User>> {
    table::find(databases, By::Id(id)).await
}

/// The user with this name, active or not; `None` as in [`user_by_id`].
///
/// # Errors
///
/// If the database cannot be read.
pub async fn user_by_name(databases: &Databases, username: &str) -> Result<Option<User>> {
    table::find(databases, By::Username(username.to_owned())).await
}

/// Logs a user in, like Django's `login`. The session gets a new key, the session of another user is
/// emptied, the CSRF secret changes, and the user's `last_login` becomes the current time. (Django's
/// password-reset links contain `last_login`: a login invalidates those sent before.)
///
/// The caller must have authenticated the user: this function checks nothing.
///
/// # Errors
///
/// If the user is the anonymous user, if `AUTH_USER_MODEL` is another model than `auth.User`, and if the
/// database cannot be written.
///
/// # Examples
///
/// ```
/// use nuages::{contrib::auth, prelude::*};
///
/// # async fn token_is_good(_: &Request) -> bool { true }
/// async fn enter(request: &mut Request) -> Result<Response> {
///     let user = auth::user_by_name(request.db(), "django").await?;
///     match user.filter(|user| user.is_active()) {
///         Some(user) if token_is_good(request).await => auth::login(request, &user).await?,
///         _ => return Err(Error::forbidden("the link is not valid")),
///     }
///     Ok(redirect("/"))
/// }
/// ```
pub async fn login(request: &mut Request, user: &User) -> Result<()> {
    let Some(id) = user.id() else {
        return Err(crate::Error::new("an anonymous user cannot be logged in"));
    };
    let settings = request.settings();
    if !settings.auth.has_users() {
        let model = &settings.auth.user_model;
        return Err(crate::Error::new(format!(
            "AUTH_USER_MODEL = {model:?}: only users of auth.User can log in"
        )));
    }
    let backend = settings.auth.login_backend().to_owned();
    table::set_last_login(request.db(), id, request.clock().now(), settings.stored_time_zone()).await?;
    let hash = session_hash(&request.settings().secret_key, user);
    let session = &mut request.session;
    let is_other_login = match session.get::<Value>(ID_KEY)? {
        Some(before) => {
            text(&before) != id.to_string() || !same(session.get::<Value>(HASH_KEY)?.as_ref(), &hash)
        }
        None => false,
    };
    if is_other_login {
        session.flush();
    } else {
        // Also for a user who is logged in already (OWASP ASVS 7.2.4); Django keeps the key then.
        session.cycle_key();
    }
    session.insert(ID_KEY, id.to_string())?;
    session.insert(BACKEND_KEY, backend)?;
    session.insert(HASH_KEY, hash)?;
    request.extensions_mut().insert(user.clone());
    request.rotate_csrf_token();
    Ok(())
}

/// Logs the user out, like Django's `logout`. The session loses all its data and its key.
///
/// # Examples
///
/// ```
/// use nuages::{contrib::auth, prelude::*};
///
/// fn leave(request: &mut Request) -> Response {
///     auth::logout(request);
///     redirect("/")
/// }
/// ```
pub fn logout(request: &mut Request) {
    request.session.flush();
    request.extensions_mut().remove::<User>();
}

/// Loads and verifies the user of the session: Django's `get_user`.
pub(crate) async fn load_user(request: &mut Request) -> Result<()> {
    if let Some(user) = verified(request).await? {
        request.extensions_mut().insert(user);
    }
    Ok(())
}

async fn verified(request: &mut Request) -> Result<Option<User>> {
    let session = &request.session;
    let id = session.peek(ID_KEY).and_then(|id| text(id).parse::<i64>().ok());
    let auth = &request.settings().auth;
    let backend = session.peek(BACKEND_KEY).and_then(Value::as_str);
    // The id of another backend's or model's user means nothing here. The session is left unchanged: its
    // login belongs to the Django site.
    let is_ours = auth.has_users() && auth.backends.iter().any(|known| Some(known.as_str()) == backend);
    let Some(id) = id.filter(|_| is_ours) else { return Ok(None) };
    let Some(user) = table::find(request.db(), By::Id(id)).await? else { return Ok(None) };
    if !user.is_active() {
        return Ok(None);
    }
    let sent = request.session.peek(HASH_KEY).cloned();
    let hash = session_hash(&request.settings().secret_key, &user);
    if same(sent.as_ref(), &hash) {
        return Ok(Some(user));
    }
    if verifies_under_fallback(request.settings(), &user, sent.as_ref()) {
        request.session.cycle_key();
        request.session.insert(HASH_KEY, hash)?;
        return Ok(Some(user));
    }
    request.session.flush();
    Ok(None)
}

fn verifies_under_fallback(settings: &Settings, user: &User, sent: Option<&Value>) -> bool {
    settings.secret_key_fallbacks.iter().any(|secret| same(sent, &session_hash(secret, user)))
}

/// Django's `get_session_auth_hash`.
fn session_hash(secret: &str, user: &User) -> String {
    crypto::hex(&crypto::SaltedHmac::new(HASH_SALT, secret).digest(user.password().as_bytes()))
}

fn same(sent: Option<&Value>, hash: &str) -> bool {
    let sent = sent.and_then(Value::as_str).unwrap_or_default();
    crypto::constant_time_eq(sent.as_bytes(), hash.as_bytes())
}

/// An id as text. Django writes it as text; older versions wrote a number.
fn text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_hash_is_that_of_a_real_django() {
        #[derive(serde::Deserialize)]
        struct File {
            secret_key: String,
            rows: Vec<Row>,
        }
        #[derive(serde::Deserialize)]
        struct Row {
            password_field: String,
            session_auth_hash: String,
        }
        let text = include_str!("../../../../tests/vectors/session_auth_hash.json");
        let file: File = serde_json::from_str(text).expect("vectors");
        assert!(!file.rows.is_empty());
        for row in file.rows {
            let user = User::for_test(1, &row.password_field);
            assert_eq!(session_hash(&file.secret_key, &user), row.session_auth_hash);
        }
    }
}
