//! URLs of a request: its path with the query, absolute URLs, and whether a URL stays on this site.

use super::Request;
use crate::{
    Result,
    http::url::{encoding, split, url_has_allowed_host_and_scheme},
};

impl Request {
    /// The path and the query string, escaped for a link back to this page: Django's `get_full_path`.
    ///
    /// Unlike Django's, it never leads to another site: the path `//evil.test/` becomes `/%2Fevil.test/`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn login_required(request: &mut Request) -> Response {
    ///     redirect(format!("/login/?next={}", request.full_path()))
    /// }
    /// ```
    pub fn full_path(&self) -> String {
        let path = encoding::escape_leading_slashes(encoding::escape_path(self.path()));
        match self.uri().query() {
            Some(query) if !query.is_empty() => format!("{path}?{}", encoding::iri_to_uri(query)),
            _ => path.into_owned(),
        }
    }

    /// The absolute URL of this page (`None`), or of a location relative to this page.
    ///
    /// # Errors
    ///
    /// The same as [`Request::host`].
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn invite(request: &mut Request) -> Result<String> {
    ///     request.build_absolute_uri("/join/") // https://example.com/join/
    /// }
    /// ```
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

    /// Whether a redirect to this URL stays on this site, and on HTTPS if the request came over HTTPS.
    ///
    /// Check every URL that a visitor sends, such as `next=`, before you redirect to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn after_login(request: &mut Request) -> Response {
    ///     let next = request.query().get("next").unwrap_or("/");
    ///     redirect(if request.is_safe_url(next) { next } else { "/" })
    /// }
    /// ```
    pub fn is_safe_url(&self, url: &str) -> bool {
        self.checked_host().is_ok_and(|host| url_has_allowed_host_and_scheme(url, &[host], self.is_secure()))
    }
}

/// Resolves a reference against a path: merges both, then removes dot segments (RFC 3986 section 5.2).
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
