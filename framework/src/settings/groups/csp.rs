//! `SECURE_CSP` and `SECURE_CSP_REPORT_ONLY`: what pages may load and run (Content Security Policy).

use super::reader::Reader;
use crate::settings::schema::{NONCE, Typed, ValueKind};

/// A content security policy.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
///
/// let text = r#"
///     SECRET_KEY = "x"
///     DEBUG = true
///     [SECURE_CSP]
///     default-src = ["'self'"]
///     script-src = ["'self'", "'nonce'"]
///     upgrade-insecure-requests = true
/// "#;
/// let policy = Settings::from_toml(text, ".".as_ref())?.security.csp;
/// assert_eq!(
///     policy.header(Some("r4nd0m")),
///     "default-src 'self'; script-src 'self' 'nonce-r4nd0m'; upgrade-insecure-requests"
/// );
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentSecurityPolicy(Vec<(String, Vec<String>)>);

impl ContentSecurityPolicy {
    pub(super) fn read(reader: &mut Reader<'_>, name: &str, doc: &'static str) -> Self {
        match reader.value(name, ValueKind::Policy, "{}".to_owned(), doc) {
            Some(Typed::Policy(directives)) => Self(directives),
            _ => Self::default(),
        }
    }

    /// Whether it has no directive, so that no header is sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the header, as Django's `build_policy` makes it. Without a nonce the places for it are
    /// left out, and so is a directive that then has no source.
    pub fn header(&self, nonce: Option<&str>) -> String {
        let mut directives = Vec::new();
        for (name, sources) in &self.0 {
            let mut words = vec![name.clone()];
            words.extend(sources.iter().filter_map(|source| match (source.as_str(), nonce) {
                (NONCE, Some(nonce)) => Some(format!("'nonce-{nonce}'")),
                (NONCE, None) => None,
                (source, _) => Some(source.to_owned()),
            }));
            if words.len() > 1 || sources.is_empty() {
                directives.push(words.join(" "));
            }
        }
        directives.join("; ")
    }
}
