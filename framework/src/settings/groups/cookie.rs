//! Checks that browsers accept the session cookie and the CSRF cookie (RFC 6265 section 4.1.1 and
//! RFC 6265bis section 4.1.3).

use super::checks::Checks;
use crate::settings::schema::{Choice, Word};

/// The `SameSite` attribute of a cookie (RFC 6265bis section 4.1.2.7).
///
/// # Examples
///
/// ```
/// use nuages::settings::{SameSite, Settings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = "SECRET_KEY = 'not a secret'\nDEBUG = true\nSESSION_ENGINE = 'cache'\nSESSION_COOKIE_SAMESITE = 'Strict'";
/// # let settings = Settings::from_toml(text, ".".as_ref())?;
/// // SESSION_COOKIE_SAMESITE = "Strict"
/// assert_eq!(settings.session.cookie_samesite, Some(SameSite::Strict));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// `Lax`: the cookie is sent with links from other sites, but not with their forms and images.
    Lax,
    /// `Strict`: the cookie is not sent with any request that another site caused.
    Strict,
    /// `None`: the cookie is always sent. Browsers require `Secure` for it.
    None,
}

impl Choice for SameSite {
    const CHOICES: &'static [(Self, Word)] = &[
        (SameSite::Lax, Word::new("Lax")),
        (SameSite::Strict, Word::new("Strict")),
        (SameSite::None, Word::new("None")),
    ];
}

/// The settings of one cookie.
pub(super) struct CookieSettings<'a> {
    /// The beginning of their names, such as `SESSION`.
    pub(super) prefix: &'static str,
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) domain: Option<&'a str>,
    pub(super) secure: bool,
    pub(super) samesite: Option<SameSite>,
    pub(super) partitioned: bool,
}

impl CookieSettings<'_> {
    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        let setting = |last: &str| format!("{}_COOKIE_{last}", self.prefix);
        if self.name.is_empty() || !self.name.bytes().all(is_token) {
            checks.error(&setting("NAME"), "expected letters, digits and !#$%&'*+-.^_`|~ only");
        }
        let in_path = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b';';
        if !self.path.starts_with('/') || !self.path.bytes().all(in_path) {
            let message = "expected a path that begins with a slash, in printable ASCII without a semicolon";
            checks.error(&setting("PATH"), message);
        }
        if self.domain.is_some_and(|domain| !domain.bytes().all(is_in_domain)) {
            let message = "expected a domain, such as \"example.com\", without a scheme, a port or a path";
            checks.error(&setting("DOMAIN"), message);
        }
        if self.samesite == Some(SameSite::None) && !self.secure {
            let message = format!("browsers reject this cookie unless {} is true", setting("SECURE"));
            let hint = "to send the cookie without a SameSite attribute, write false without quotes";
            checks.error_with_hint(&setting("SAMESITE"), message, hint);
        }
        if self.partitioned && !self.secure {
            let message = format!("browsers reject this cookie unless {} is true", setting("SECURE"));
            checks.error(&setting("PARTITIONED"), message);
        }
        self.check_prefix(checks);
    }

    /// Browsers reject a `__Host-` or `__Secure-` cookie whose attributes do not match its name.
    fn check_prefix(&self, checks: &mut Checks<'_>) {
        let name = self.name.to_ascii_lowercase();
        let prefix = self.prefix;
        let mut wanted = Vec::new();
        if name.starts_with("__host-") || name.starts_with("__secure-") {
            wanted.extend((!self.secure).then(|| format!("{prefix}_COOKIE_SECURE = true")));
        }
        if name.starts_with("__host-") {
            wanted.extend((self.path != "/").then(|| format!("{prefix}_COOKIE_PATH = \"/\"")));
            wanted.extend(self.domain.map(|_| format!("no {prefix}_COOKIE_DOMAIN")));
        }
        if !wanted.is_empty() {
            let message = format!("browsers reject a cookie of this name without {}", wanted.join(" and "));
            checks.error(&format!("{prefix}_COOKIE_NAME"), message);
        }
    }
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_in_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-".contains(&byte)
}
