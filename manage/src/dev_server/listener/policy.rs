//! Lets the live reload script run on a page with a strict Content Security Policy, and allows nothing else.

use http::{HeaderMap, HeaderValue, header};

/// Where our script and its connection are, on any site.
const PATH: &str = "/__nuages/";

/// Changes the policies of a response so that our script may run. Returns the nonce that its tag must have.
pub(super) fn admit(headers: &mut HeaderMap, host: &str) -> Option<String> {
    let policies: Vec<HeaderValue> =
        headers.get_all(header::CONTENT_SECURITY_POLICY).iter().cloned().collect();
    let texts: Vec<&str> = policies.iter().filter_map(|value| value.to_str().ok()).collect();
    let nonce = texts.iter().find_map(|text| nonce_of(text));
    headers.remove(header::CONTENT_SECURITY_POLICY);
    for policy in &policies {
        let changed = policy.to_str().ok().map(|text| extended(text, &format!("{host}{PATH}")));
        let changed = changed.and_then(|text| HeaderValue::try_from(text).ok());
        headers.append(header::CONTENT_SECURITY_POLICY, changed.unwrap_or_else(|| policy.clone()));
    }
    nonce
}

fn directives(policy: &str) -> Vec<(String, Vec<String>)> {
    let read = |directive: &str| {
        let mut words = directive.split_ascii_whitespace().map(str::to_owned);
        Some((words.next()?.to_ascii_lowercase(), words.collect()))
    };
    policy.split(';').filter_map(read).collect()
}

/// The first of these directives that a policy has: each stands for those after it.
fn effective(directives: &[(String, Vec<String>)], names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| directives.iter().position(|(known, _)| known == name))
}

const SCRIPT: [&str; 3] = ["script-src-elem", "script-src", "default-src"];
const CONNECT: [&str; 2] = ["connect-src", "default-src"];

fn nonce_of(policy: &str) -> Option<String> {
    let directives = directives(policy);
    let (_, sources) = &directives[effective(&directives, &SCRIPT)?];
    let nonce = sources.iter().find_map(|source| source.strip_prefix("'nonce-")?.strip_suffix('\''))?;
    Some(nonce.to_owned())
}

/// Adds our address to the scripts, unless a nonce admits the script, and to the connections.
fn extended(policy: &str, address: &str) -> String {
    let mut directives = directives(policy);
    let has_nonce = nonce_of(policy).is_some();
    for (names, own, needed) in [(&SCRIPT[..], "script-src", !has_nonce), (&CONNECT[..], "connect-src", true)]
    {
        let Some(place) = effective(&directives, names).filter(|_| needed) else { continue };
        let (name, sources) = directives[place].clone();
        let mut sources: Vec<String> = sources.into_iter().filter(|source| source != "'none'").collect();
        sources.push(address.to_owned());
        // What only falls back to default-src gets a directive of its own: other kinds keep their rule.
        if name == "default-src" {
            directives.push((own.to_owned(), sources));
        } else {
            directives[place].1 = sources;
        }
    }
    let write = |(name, sources): &(String, Vec<String>)| format!("{name} {}", sources.join(" "));
    let texts: Vec<String> = directives.iter().map(write).collect();
    texts.iter().map(|text| text.trim_end()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(policy: &'static str) -> (Option<String>, String) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        let nonce = admit(&mut headers, "localhost:8000");
        let value = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        (nonce, value)
    }

    #[test]
    fn a_nonce_is_used_and_the_connection_is_added() {
        let (nonce, policy) = admitted("default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'");
        assert_eq!(nonce.as_deref(), Some("abc"));
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src localhost:8000/__nuages/"
        );
    }

    #[test]
    fn without_a_nonce_the_scripts_own_address_is_added() {
        let (nonce, policy) =
            admitted("default-src 'self' https://cdn.example; img-src *; connect-src 'none'");
        assert_eq!(nonce, None);
        assert_eq!(
            policy,
            "default-src 'self' https://cdn.example; img-src *; connect-src localhost:8000/__nuages/; \
             script-src 'self' https://cdn.example localhost:8000/__nuages/"
        );
    }

    #[test]
    fn a_policy_without_rules_for_scripts_is_kept() {
        assert_eq!(
            admitted("frame-ancestors 'none'; upgrade-insecure-requests").1,
            "frame-ancestors 'none'; upgrade-insecure-requests"
        );
    }
}
