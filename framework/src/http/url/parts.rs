//! The parts of a URL as Python's `urlsplit` finds them.

/// The scheme in lower case, and the authority; each is empty where the URL has none.
///
/// Tabs and line breaks are ignored, as browsers do. Text before a colon that cannot be a scheme belongs
/// to the path.
pub(crate) fn split(url: &str) -> (String, String) {
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url.as_str()),
    };
    let authority =
        rest.strip_prefix("//").map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    (scheme, authority.to_owned())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
