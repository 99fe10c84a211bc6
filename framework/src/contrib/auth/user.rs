//! A user of Django's table `auth_user`.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// A user, or the anonymous user. Clones share the data.
///
/// Views get it with [`Request::user`](crate::http::Request::user), templates as `user` without the
/// password, and mounted services among the extensions of the request, if a user is logged in.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// fn greet(request: &mut Request) -> String {
///     match request.user() {
///         user if user.is_authenticated() => format!("Hello, {user}!"),
///         _ => "Hello, stranger!".to_owned(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct User(Option<Arc<Row>>);

/// A row of `auth_user`.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) is_staff: bool,
    pub(super) is_superuser: bool,
    pub(super) is_active: bool,
    pub(super) password: String,
}

impl User {
    /// The anonymous user.
    pub(super) const ANONYMOUS: &'static Self = &Self(None);

    pub(super) fn new(row: Row) -> Self {
        Self(Some(Arc::new(row)))
    }

    /// The primary key; `None` for the anonymous user.
    pub fn id(&self) -> Option<i64> {
        self.0.as_ref().map(|row| row.id)
    }

    /// The username; empty for the anonymous user, as in Django.
    pub fn username(&self) -> &str {
        self.text(|row| &row.username)
    }

    /// The e-mail address; may be empty.
    pub fn email(&self) -> &str {
        self.text(|row| &row.email)
    }

    /// The first name; may be empty.
    pub fn first_name(&self) -> &str {
        self.text(|row| &row.first_name)
    }

    /// The last name; may be empty.
    pub fn last_name(&self) -> &str {
        self.text(|row| &row.last_name)
    }

    /// Whether a user is logged in.
    pub fn is_authenticated(&self) -> bool {
        self.0.is_some()
    }

    /// Whether no user is logged in.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the user may use Django's admin.
    pub fn is_staff(&self) -> bool {
        self.is(|row| row.is_staff)
    }

    /// Whether the user has all permissions.
    pub fn is_superuser(&self) -> bool {
        self.is(|row| row.is_superuser)
    }

    /// Whether the account is active. A session of an inactive user is anonymous.
    pub fn is_active(&self) -> bool {
        self.is(|row| row.is_active)
    }

    /// The password field, as Django encodes it. It is never shown.
    pub(super) fn password(&self) -> &str {
        self.text(|row| &row.password)
    }

    fn text(&self, field: impl Fn(&Row) -> &String) -> &str {
        self.0.as_ref().map_or("", |row| field(row))
    }

    fn is(&self, field: impl Fn(&Row) -> bool) -> bool {
        self.0.as_ref().is_some_and(|row| field(row))
    }

    #[cfg(test)]
    pub(super) fn for_test(id: i64, password: &str) -> Self {
        Self::new(Row {
            id,
            username: "django".to_owned(),
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            is_staff: false,
            is_superuser: false,
            is_active: true,
            password: password.to_owned(),
        })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id()).field("username", &self.username()).finish()
    }
}

impl fmt::Display for User {
    /// The username; `AnonymousUser` for the anonymous user, as in Django.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_anonymous() { "AnonymousUser" } else { self.username() })
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("User", 10)?;
        fields.serialize_field("id", &self.id())?;
        fields.serialize_field("username", self.username())?;
        fields.serialize_field("email", self.email())?;
        fields.serialize_field("first_name", self.first_name())?;
        fields.serialize_field("last_name", self.last_name())?;
        fields.serialize_field("is_authenticated", &self.is_authenticated())?;
        fields.serialize_field("is_anonymous", &self.is_anonymous())?;
        fields.serialize_field("is_staff", &self.is_staff())?;
        fields.serialize_field("is_superuser", &self.is_superuser())?;
        fields.serialize_field("is_active", &self.is_active())?;
        fields.end()
    }
}
