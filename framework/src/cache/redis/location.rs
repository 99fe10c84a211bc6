//! `LOCATION`: where a Redis server is, and as whom to log in there.
//!
//! The URL is that of redis-py, so that Django's settings can be taken over. A password is never shown.

use redis::{Client, ConnectionAddr, IntoConnectionInfo};

/// A `LOCATION` that cannot be used. Neither field holds a user's name or password.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {reason}")]
pub struct LocationError {
    location: String,
    reason: String,
}

impl LocationError {
    /// The URL with what is secret in it left out.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The server of a URL, and its name for messages.
pub(super) fn parse(text: &str) -> Result<(Client, String), LocationError> {
    let fail = |location: String, reason: &str| LocationError { location, reason: reason.to_owned() };
    let expected = "expected redis://user:password@host:port/db, rediss://… or unix:///path?db=0";
    // What does not parse is not shown: a password may be anywhere in it.
    let url = redis::parse_redis_url(text).ok_or_else(|| fail("…".to_owned(), expected))?;
    let shown = {
        let mut shown = url.clone();
        // Both fail for a URL that cannot have them; such a URL is refused below.
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        shown.set_query(None);
        shown.to_string()
    };
    if matches!(url.scheme(), "rediss" | "valkeys") && !cfg!(feature = "tls") {
        return Err(fail(shown, "needs the cargo feature `tls`"));
    }
    if url.fragment().is_some() {
        return Err(fail(shown, "expected nothing after `#`: certificates are always checked"));
    }
    let (mut database, mut user, mut password) = (None, None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "db" => database = Some(value.into_owned()),
            "user" | "username" => user = Some(value.into_owned()),
            "pass" | "password" => password = Some(value.into_owned()),
            "protocol" => {}
            other => {
                let known = "known: db, username, password, protocol";
                return Err(fail(shown, &format!("`{other}` is not an option of the URL ({known})")));
            }
        }
    }
    // Of the crate's error the kind alone: its detail could hold what stood in the URL.
    let info = url.into_connection_info();
    let info = info.map_err(|error| fail(shown.clone(), &format!("{}: {expected}", error.category())))?;
    let mut login = info.redis_settings().clone();
    let database = database.map_or(u32::try_from(login.db()).ok(), |text| text.parse().ok());
    let Some(database) = database else {
        return Err(fail(shown, "expected a whole number as the number of the database"));
    };
    login = login.set_db(i64::from(database));
    login = user.iter().fold(login, |login, user| login.set_username(user));
    login = password.iter().fold(login, |login, password| login.set_password(password));
    let info = info.set_redis_settings(login);
    let name = match info.addr() {
        ConnectionAddr::Unix(path) => format!("the Redis server at {}, database {database}", path.display()),
        address => format!("the Redis server at {address}, database {database}"),
    };
    #[cfg(feature = "tls")]
    if let ConnectionAddr::TcpTls { .. } = info.addr() {
        // An error means that the program has chosen another provider, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let client = Client::open(info).map_err(|error| fail(shown, error.category()))?;
    Ok((client, name))
}
