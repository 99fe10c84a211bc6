//! Reads a content security policy: a table of directives and their sources.

use toml::de::DeValue;

use super::refused::Refused;

/// Django's `CSP.NONCE` (`django/utils/csp.py`).
const DJANGO_NONCE: &str = "<CSP_NONCE_SENTINEL>";
/// The nonce of a request, as a settings file writes it.
pub(in crate::settings) const NONCE: &str = "'nonce'";

/// The directives of CSP Level 3 and of the specifications that add to it.
const DIRECTIVES: [&str; 31] = [
    "base-uri",
    "block-all-mixed-content",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "navigate-to",
    "object-src",
    "plugin-types",
    "prefetch-src",
    "report-to",
    "report-uri",
    "require-trusted-types-for",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
    "upgrade-insecure-requests",
    "webrtc",
    "worker-src",
];

/// Keywords, which are sources only within single quotes.
const KEYWORDS: [&str; 10] = [
    "self",
    "none",
    "nonce",
    "unsafe-inline",
    "unsafe-eval",
    "unsafe-hashes",
    "strict-dynamic",
    "report-sample",
    "wasm-unsafe-eval",
    "inline-speculation-rules",
];

/// The directives with their sources.
type Policy = Vec<(String, Vec<String>)>;

/// Returns the directives with their sources. `true` stands for a directive without sources, `false` leaves a
/// directive out.
pub(super) fn read(value: &DeValue<'_>, expected: &str) -> Result<Policy, Refused> {
    let table = value.as_table().ok_or_else(|| Refused::new(format!("expected {expected}")))?;
    let mut policy = Vec::new();
    for (name, sources) in table {
        let name = name.get_ref().as_ref();
        if !DIRECTIVES.contains(&name) {
            let refused = Refused::new(format!("no such directive: {name:?}"));
            return Err(refused.hint("names are in lower case with hyphens, such as \"script-src\""));
        }
        let texts: Option<Vec<String>> = match sources.get_ref() {
            DeValue::Boolean(false) => continue,
            DeValue::Boolean(true) => Some(Vec::new()),
            DeValue::String(text) => Some(text.split_ascii_whitespace().map(str::to_owned).collect()),
            DeValue::Array(items) => {
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        let texts = texts.ok_or_else(|| {
            Refused::new(format!("expected a list of sources, a text, true or false for {name:?}"))
        })?;
        policy.push((
            name.to_owned(),
            texts.into_iter().map(|text| source(name, text)).collect::<Result<_, _>>()?,
        ));
    }
    Ok(policy)
}

fn source(directive: &str, text: String) -> Result<String, Refused> {
    if text == DJANGO_NONCE {
        return Ok(NONCE.to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b';' && byte != b',';
    if text.is_empty() || !text.bytes().all(plain) {
        let message = format!("{text:?} is not a source of {directive:?}");
        return Err(Refused::new(message)
            .hint("a source is one word without spaces, commas and semicolons; write several as a list"));
    }
    if KEYWORDS.contains(&text.as_str()) && !["report-to", "sandbox", "trusted-types"].contains(&directive) {
        let message = format!("{text:?} is taken for a host in {directive:?}");
        return Err(Refused::new(message).hint(format!("put the keyword into single quotes: \"'{text}'\"")));
    }
    Ok(text)
}
