//! URLs that a request gives rise to: its own path and query, absolute URLs, and whether a URL from
//! outside stays on this site.

use super::Request;
use crate::{
    Result,
    http::url::{encoding, split, url_has_allowed_host_and_scheme},
};

impl Request {
    /// The path, escaped, with the query string: what a link back to this page holds.
    pub fn full_path(&self) -> String {
        let path = encoding::escape_path(self.path());
        match self.uri().query() {
            Some(query) if !query.is_empty() => format!("{path}?{}", encoding::iri_to_uri(query)),
            _ => path.into_owned(),
        }
    }

    /// The absolute URL of this page (`None`) or of a location relative to it.
    ///
    /// # Errors
    ///
    /// As [`Request::host`].
    pub fn build_absolute_uri<'a>(&self, location: impl Into<Option<&'a str>>) -> Result<String> {
        let Some(location) = location.into() else {
            return Ok(format!("{}://{}{}", self.scheme(), self.host()?, self.full_path()));
        };
        let (scheme, authority) = split(location);
        if !scheme.is_empty() && !authority.is_empty() {
            return Ok(encoding::iri_to_uri(location).into_owned());
        }
        if location.starts_with("//") && !authority.is_empty() {
            return Ok(encoding::iri_to_uri(&format!("{}:{location}", self.scheme())).into_owned());
        }
        let site = format!("{}://{}", self.scheme(), self.host()?);
        let joined = join(self.path(), location.strip_prefix("//").unwrap_or(location));
        Ok(encoding::iri_to_uri(&format!("{site}{joined}")).into_owned())
    }

    /// Whether this URL from outside stays on this site, over HTTPS where the request did:
    /// what a view asks before it follows `next=`.
    pub fn is_safe_url(&self, url: &str) -> bool {
        self.checked_host().is_ok_and(|host| url_has_allowed_host_and_scheme(url, &[host], self.is_secure()))
    }
}

/// RFC 3986 section 5.2 for a base that is a path: merge, then remove dot segments.
fn join(base: &str, reference: &str) -> String {
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let (path, tail) = reference.split_at(end);
    if path.is_empty() {
        return format!("{}{tail}", encoding::escape_path(base));
    }
    let merged = if path.starts_with('/') {
        path.to_owned()
    } else {
        let folder = base.rfind('/').map_or("/", |slash| &base[..=slash]);
        format!("{}{path}", encoding::escape_path(folder))
    };
    let mut segments: Vec<&str> = Vec::new();
    let parts: Vec<&str> = merged.split('/').skip(1).collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        match *part {
            "." | ".." => {
                if *part == ".." {
                    segments.pop();
                }
                if last {
                    segments.push("");
                }
            }
            other => segments.push(other),
        }
    }
    format!("/{}{tail}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_the_rfc_says() {
        for (base, reference, url) in [
            ("/a/b", "c", "/a/c"),
            ("/a/b/", "../c?x=1", "/a/c?x=1"),
            ("/a/b", "?x=1", "/a/b?x=1"),
            ("/a/b", "/x/./y/../z", "/x/z"),
            ("/a/b", "..", "/"),
        ] {
            assert_eq!(join(base, reference), url, "{base} + {reference}");
        }
    }
}
