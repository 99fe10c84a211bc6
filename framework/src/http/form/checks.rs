//! The checks of texts: e-mail addresses, URLs and numbers, as browsers and Django check them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::FormMessage;

/// Whether it is an e-mail address by HTML's pattern (html.spec.whatwg.org, `type=email`).
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let in_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    !local.is_empty() && local.bytes().all(in_local) && domain.split('.').all(is_label)
}

/// Whether it is a label of a host's name.
fn is_label(label: &str) -> bool {
    let valid = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    valid && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether it is a URL that Django's `URLValidator` takes: a scheme, a host, no white space.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let known = ["http", "https", "ftp", "ftps"].contains(&scheme.to_ascii_lowercase().as_str());
    if !known || text.chars().any(|char| char.is_whitespace() || char.is_control()) {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let port_fits = port.is_none_or(|port| port.len() <= 5 && port.parse::<u16>().is_ok());
    port_fits && is_host(host)
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    // Letters of other alphabets are sent encoded by browsers.
    let label = |label: &str| {
        let ascii: String =
            label.chars().map(|char| if char.is_alphanumeric() { 'a' } else { char }).collect();
        is_label(&ascii)
    };
    name.len() <= 253 && name.split('.').all(label) && (name.contains('.') || name == "localhost")
}

/// A number in the form that browsers send, without white space; the reason if it is none.
pub(super) fn number(sent: &str) -> Result<&str, FormMessage> {
    let text = sent.trim();
    if let Some((whole, rest)) = text.split_once(',')
        && whole.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    {
        let text = "Enter a number without commas, and with a point before the decimals: 1234.5.";
        return Err(FormMessage::new("localized", text));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(a, b)| (a, Some(b)));
    let fits = match decimals {
        None => are_digits(whole),
        Some(decimals) => are_digits(decimals) && (whole.is_empty() || are_digits(whole)),
    };
    if fits && exponent.is_none_or(are_digits) {
        return Ok(text);
    }
    Err(FormMessage::new("invalid", "Enter a number."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_html() {
        for good in ["a@b", "ann.o'neil+tag@example.com", "a@1.2", "!#$%@a-b.c", ".a..b.@x"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b..c", "a@-b", "a@b-", "a b@c", "a@b@c", "é@b", "a@é", "\"a\"@b"]
        {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(!is_email(&format!("a@{}", "b".repeat(64))));
    }

    #[test]
    fn urls_have_a_scheme_and_a_host() {
        for good in [
            "https://example.com",
            "HTTP://example.com:8000/a?b#c",
            "ftp://user:pw@example.com/",
            "http://localhost/",
            "http://[::1]:80/",
            "http://127.0.0.1",
            "https://bücher.example/",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "example.com",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "https://",
            "https:///path",
            "https://a b.com/",
            "http://256.1.1.1",
            "http://example.com:99999/",
            "http://-a.com",
            "http://intranet/",
            "http://[::g]/",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn localized_numbers_are_refused_with_the_reason() {
        for good in ["1", "-1.5", "+.5", "1e3", " 12 ", "1E-2"] {
            assert!(number(good).is_ok(), "{good}");
        }
        for (bad, code) in [
            ("1,5", "localized"),
            ("1.234,5", "localized"),
            ("1,234.5", "localized"),
            ("1_000", "invalid"),
            ("１", "invalid"),
            ("1.", "invalid"),
            ("NaN", "invalid"),
            ("inf", "invalid"),
            ("0x10", "invalid"),
            ("1 000", "invalid"),
            ("e5", "invalid"),
            ("--1", "invalid"),
        ] {
            assert_eq!(number(bad).map_err(|message| message.code()), Err(code), "{bad}");
        }
    }
}
