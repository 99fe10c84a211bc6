//! Escapes text for HTML that is not written by a template.

use std::fmt::Display;

use minijinja::HtmlEscape;

/// Escapes text for HTML, like Django's `escape`: `<`, `>`, `&`, `/` and both quotes become references.
///
/// Templates escape their values themselves.
///
/// # Examples
///
/// ```
/// use nuages::templates::escape;
///
/// assert_eq!(escape("<b> & \"c\"").to_string(), "&lt;b&gt; &amp; &quot;c&quot;");
/// ```
pub fn escape(text: &str) -> impl Display + '_ {
    HtmlEscape(text)
}
