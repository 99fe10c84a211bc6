//! Which media type a client prefers (RFC 9110 section 12.5.1).

use http::header;

use super::Request;

impl Request {
    /// Returns whether the client names JSON in `Accept` and prefers it to HTML, as scripts do and browsers
    /// do not. `*/*` alone is no preference.
    ///
    /// Errors are then answered with problem details (RFC 9457).
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// fn article(request: &mut Request) -> Result<Response> {
    ///     if request.prefers_json() {
    ///         return Response::json(&json!({ "title": "Sessions" }));
    ///     }
    ///     render(request, "article.html", context! { title => "Sessions" })
    /// }
    /// ```
    pub fn prefers_json(&self) -> bool {
        let fields = self.headers().get_all(header::ACCEPT).iter();
        let text: Vec<&str> = fields.filter_map(|field| field.to_str().ok()).collect();
        prefers_json(&text.join(","))
    }
}

fn prefers_json(accept: &str) -> bool {
    let ranges: Vec<(String, f32)> = accept.split(',').map(range).collect();
    let quality = |fits: &dyn Fn(&str) -> bool| {
        let fitting = ranges.iter().filter(|(media_type, _)| fits(media_type)).map(|(_, quality)| *quality);
        fitting.reduce(f32::max)
    };
    let is_json = |media_type: &str| {
        media_type == "application/json"
            || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    };
    let html = quality(&|media_type| media_type == "text/html" || media_type == "application/xhtml+xml");
    let any =
        quality(&|media_type| media_type == "text/*").or_else(|| quality(&|media_type| media_type == "*/*"));
    match (quality(&is_json), html) {
        (Some(json), Some(html)) => json > html,
        (Some(json), None) => json > 0.0 && json >= any.unwrap_or_default(),
        (None, _) => false,
    }
}

/// A media type without its parameters, and its quality.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (media_type, quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_preferred_where_it_is_named_and_html_is_not_better() {
        for (accept, preferred) in [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("application/problem+json", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("application/json, text/plain, */*", true),
            ("application/json;q=0.5, */*", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("text/html, application/json", false),
            ("text/html;q=0.5, application/json", true),
            ("text/html, application/json;q=0.9", false),
            ("application/json;q=0", false),
            ("application/json;q=much", false),
            ("text/*, application/json;q=0.9", false),
            ("image/png, application/ld+json", true),
        ] {
            assert_eq!(prefers_json(accept), preferred, "{accept}");
        }
    }
}
