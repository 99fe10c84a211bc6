//! The tag that loads the script into a page.

use http::Method;

use crate::dev_server::state::Live;

/// Returns the tag. It says which state of the site the page shows, and by which method the page was loaded.
pub(crate) fn tag(live: Live, method: &Method, nonce: Option<&str>) -> String {
    // What is no base64 is no nonce, and would end the attribute.
    let plain =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte));
    let nonce = nonce.filter(plain).map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    let method = if *method == Method::GET { "GET" } else { "POST" };
    let Live { page, css } = live;
    format!(
        "<script src=\"/__nuages/live-reload.js\" data-page=\"{page}\" data-css=\"{css}\" \
         data-method=\"{method}\"{nonce}></script>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_cannot_end_its_attribute() {
        let live = Live { page: 3, css: 1 };
        assert!(tag(live, &Method::GET, Some("ab+/==")).contains(" nonce=\"ab+/==\">"));
        assert!(!tag(live, &Method::GET, Some("a\" onload=\"b")).contains("onload"));
        assert!(
            tag(live, &Method::POST, None).contains("data-page=\"3\" data-css=\"1\" data-method=\"POST\">")
        );
    }
}
