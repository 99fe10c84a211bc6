//! The frame of every page. It loads its style and script from the development server, and nothing from
//! elsewhere.

use crate::dev_server::{live_reload, state::DevSite};

/// A page. It is sent with [`POLICY`].
pub(crate) struct DevPage {
    pub(crate) html: String,
}

/// The policy of the pages: they load from the development server alone.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("page.css");

/// Returns a whole page. `mood` is a class of the style. A page that waits loads again without scripts, too.
pub(super) fn layout(site: &DevSite, title: &str, mood: &str, body: &str, waits: bool) -> DevPage {
    let title = escape(title);
    let again = if waits { "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>" } else { "" };
    let tag = live_reload::tag(*site.live.borrow(), &http::Method::GET, None);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{again}<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/__nuages/page.css\">\n</head>\n\
         <body class=\"{mood}\">\n<header><span class=\"brand\">Nuages</span> \
         <span class=\"where\">development server</span></header>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n\
         {tag}\n</body>\n</html>\n"
    );
    DevPage { html }
}

/// Returns a form with one button that does `action` and returns to `path`.
pub(super) fn button(site: &DevSite, action: &str, path: &str, label: &str) -> String {
    let (token, path, label) = (&site.token, escape(path), escape(label));
    format!(
        "<form method=\"post\" action=\"/__nuages/{action}?next={path}\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\"><button>{label}</button></form>"
    )
}

/// Escapes text for HTML, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}
