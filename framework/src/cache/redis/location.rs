//! Parses `LOCATION`: the address of a Redis server, and the login.
//!
//! URLs have redis-py's form, so that Django's settings can be copied. Errors never show a password.

use redis::{Client, ConnectionAddr, IntoConnectionInfo};

/// A `LOCATION` that cannot be used. Its text holds no user name and no password.
///
/// # Examples
///
/// ```
/// use nuages::cache::{KeySpace, Redis};
///
/// let error = Redis::open("redis://me:secret@host/0?db=x", KeySpace::new("", 1)).unwrap_err();
/// assert_eq!(error.location(), "redis://host/0");
/// assert_eq!(error.reason(), "expected a whole number as the number of the database");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{location}: {reason}")]
pub struct LocationError {
    location: String,
    reason: String,
}

impl LocationError {
    /// The URL without user name, password and query.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The problem, and what was expected.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The client for the server at a URL, and the server's name for messages.
pub(super) fn parse(text: &str) -> Result<(Client, String), LocationError> {
    let fail = |location: String, reason: &str| LocationError { location, reason: reason.to_owned() };
    let expected = "expected redis://user:password@host:port/db, rediss://… or unix:///path?db=0";
    // Text that does not parse is not shown: a password may be anywhere in it.
    let url = redis::parse_redis_url(text).ok_or_else(|| fail("…".to_owned(), expected))?;
    let shown = {
        let mut shown = url.clone();
        // Both fail for a URL that cannot have a login; such a URL is refused below.
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
    // Only the kind of the crate's error is shown: its detail could hold parts of the URL.
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
        // An error means that the program has already installed a provider: that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let client = Client::open(info).map_err(|error| fail(shown, error.category()))?;
    Ok((client, name))
}
