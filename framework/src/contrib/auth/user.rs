//! A user, as Django's table has one.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// A user, or nobody: cheap to clone, among the extensions of each request.
///
/// Templates see it as `user`, without its password.
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
    /// Nobody.
    pub(super) const ANONYMOUS: &'static Self = &Self(None);

    pub(super) fn new(row: Row) -> Self {
        Self(Some(Arc::new(row)))
    }

    /// The primary key; none for nobody.
    pub fn id(&self) -> Option<i64> {
        self.0.as_ref().map(|row| row.id)
    }

    /// The name to log in with; empty for nobody, as Django's `AnonymousUser`.
    pub fn username(&self) -> &str {
        self.text(|row| &row.username)
    }

    /// The e-mail address, perhaps empty.
    pub fn email(&self) -> &str {
        self.text(|row| &row.email)
    }

    /// The first name, perhaps empty.
    pub fn first_name(&self) -> &str {
        self.text(|row| &row.first_name)
    }

    /// The last name, perhaps empty.
    pub fn last_name(&self) -> &str {
        self.text(|row| &row.last_name)
    }

    /// Whether someone is logged in.
    pub fn is_authenticated(&self) -> bool {
        self.0.is_some()
    }

    /// Whether nobody is.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the user may use the administration.
    pub fn is_staff(&self) -> bool {
        self.is(|row| row.is_staff)
    }

    /// Whether the user may do everything.
    pub fn is_superuser(&self) -> bool {
        self.is(|row| row.is_superuser)
    }

    /// Whether the account is in use. A user who is not is never logged in.
    pub fn is_active(&self) -> bool {
        self.is(|row| row.is_active)
    }

    /// The password field, encoded as Django encodes it. Never shown.
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
    /// The username; `AnonymousUser` for nobody, as Django shows it.
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
