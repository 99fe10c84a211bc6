//! `Vary` and `Cache-Control`, as in `django/utils/cache.py`.

use super::Response;

impl Response {
    /// Adds the name of a header to `Vary`, like Django's `patch_vary_headers`. Names keep their order and
    /// appear once; `*` replaces all names.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::http::Response;
    ///
    /// let mut response = Response::text("salut");
    /// response.vary_on("Accept-Language").vary_on("Cookie");
    /// assert_eq!(response.header("vary"), Some("Accept-Language, Cookie"));
    /// ```
    pub fn vary_on(&mut self, name: &str) -> &mut Self {
        let present = list(self.all("vary").as_str());
        if present.iter().any(|field| field.eq_ignore_ascii_case(name)) && self.count("vary") == 1 {
            return self;
        }
        let known = present.iter().any(|field| field.eq_ignore_ascii_case(name));
        let mut fields = present;
        if !known {
            fields.push(name.to_owned());
        }
        let value = if fields.iter().any(|field| field == "*") { "*".to_owned() } else { fields.join(", ") };
        self.set_header("Vary", value)
    }

    /// Adds a directive such as `private` or `max-age=60` to `Cache-Control`, like Django's
    /// `patch_cache_control`. `private` and `public` replace each other, the smaller `max-age` stays, and
    /// any other directive replaces the one of the same name.
    pub fn cache_control(&mut self, directive: &str) -> &mut Self {
        let (name, value) = parts(directive);
        let mut directives = list(&self.all("cache-control"));
        let opposite = match name.as_str() {
            "private" => "public",
            "public" => "private",
            _ => "",
        };
        directives.retain(|old| parts(old).0 != opposite);
        let mut wanted = directive.to_owned();
        if let Some(at) = directives.iter().position(|old| parts(old).0 == name) {
            let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
            let old = directives.remove(at);
            if name == "max-age" && number(parts(&old).1) < number(value) && number(parts(&old).1).is_some() {
                wanted.clone_from(&old);
            }
            directives.insert(at, wanted);
        } else {
            directives.push(wanted);
        }
        self.set_header("Cache-Control", directives.join(", "))
    }

    /// Keeps the response out of all caches, like Django's `never_cache`.
    pub fn never_cache(&mut self) -> &mut Self {
        for directive in ["max-age=0", "no-cache", "no-store", "must-revalidate", "private"] {
            self.cache_control(directive);
        }
        self
    }

    fn count(&self, name: &str) -> usize {
        self.headers().get_all(name).iter().count()
    }

    fn all(&self, name: &str) -> String {
        let values = self.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(", ")
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn parts(directive: &str) -> (String, Option<&str>) {
    match directive.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_lowercase(), Some(value.trim())),
        None => (directive.trim().to_ascii_lowercase(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_patched_as_django_does() {
        for (before, name, after) in [
            (None, "Cookie", "Cookie"),
            (Some("cookie"), "Cookie", "cookie"),
            (Some("Accept-Encoding"), "Cookie", "Accept-Encoding, Cookie"),
            (Some("Accept-Encoding,  Cookie"), "Cookie", "Accept-Encoding,  Cookie"),
            (Some("*"), "Cookie", "*"),
            (Some("Cookie"), "*", "*"),
        ] {
            let mut response = Response::new("");
            if let Some(before) = before {
                response.set_header("Vary", before);
            }
            assert_eq!(response.vary_on(name).header("vary"), Some(after), "{before:?} + {name}");
        }
    }

    #[test]
    fn cache_control_is_patched_as_django_does() {
        for (before, directive, after) in [
            ("", "private", "private"),
            ("public, max-age=60", "private", "max-age=60, private"),
            ("private", "public", "public"),
            ("max-age=60", "max-age=30", "max-age=30"),
            ("max-age=30", "max-age=60", "max-age=30"),
            ("No-Store", "no-store", "no-store"),
        ] {
            let mut response = Response::new("").with_header("Cache-Control", before);
            assert_eq!(response.cache_control(directive).header("cache-control"), Some(after), "{before}");
        }
    }
}
