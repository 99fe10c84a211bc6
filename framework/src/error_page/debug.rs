//! The error page for developers, under `DEBUG` only.
//!
//! It shows the chain of errors, the patterns that were tried for a 404, the lines around a mistake in a
//! template, and the request with its secrets masked. It needs no other file and no script. `respond`
//! decides who may see it.

use std::fmt::Write as _;

use super::{
    mask::{MASK, masked, without_tokens},
    origin::ErrorOrigin,
};
use crate::{
    Error, StatusCode,
    http::Request,
    templates::{TemplateError, escape},
};

const STYLE: &str = include_str!("debug.css");

/// No route matched the path. It is the source of the 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no URL pattern matches the path")]
pub(crate) struct NoRoute;

/// The debug page as text, for clients that do not ask for HTML.
pub(crate) fn render_text(request: &Request, error: &Error) -> String {
    let status = error.status();
    let mut text = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let _ = writeln!(text, "{} {}\n", request.method(), without_tokens(request.path()));
    for (number, line) in error.chain().iter().enumerate() {
        let _ = writeln!(text, "{}{}", if number == 0 { "" } else { "because: " }, without_tokens(line));
    }
    let place = ErrorOrigin::of(error, &request.settings().base_dir).place();
    if let Some(place) = place.filter(|_| status.is_server_error()) {
        let _ = writeln!(text, "at {place}");
    }
    text.push_str("\nYou see this because DEBUG = true.\n");
    text
}

/// The debug page of an error.
pub(crate) fn render(request: &Request, error: &Error) -> String {
    let status = error.status();
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{} {reason}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n",
        status.as_u16(),
    );
    // Errors may quote the path or a value of the request.
    let chain: Vec<String> = error.chain().iter().map(|text| without_tokens(text)).collect();
    let headline = chain.first().map_or(reason, String::as_str);
    let _ = write!(
        page,
        "<header>\n<p>{} {}</p>\n<h1><b>{}</b> {}</h1>\n</header>\n<main>\n",
        escape(request.method().as_str()),
        escape(&without_tokens(request.path())),
        status.as_u16(),
        escape(headline),
    );
    causes(&mut page, &chain);
    if status.is_server_error() {
        page.push_str(&ErrorOrigin::of(error, &request.settings().base_dir).html());
    }
    template(&mut page, error);
    if status == StatusCode::NOT_FOUND {
        patterns(&mut page, request, error.downcast_ref::<NoRoute>().is_some());
    }
    facts(&mut page, request);
    page.push_str(
        "</main>\n<footer>You see this page because <code>DEBUG = true</code>. \
         With <code>DEBUG = false</code> visitors see a plain page.</footer>\n</body>\n</html>\n",
    );
    page
}

fn causes(page: &mut String, chain: &[String]) {
    let Some((headline, causes)) = chain.split_first() else { return };
    // The error of a template repeats the message of its cause, the engine's error.
    let repeated = |cause: &&String| headline.contains(cause.split(" (in ").next().unwrap_or(cause));
    let causes: Vec<&String> = causes.iter().filter(|cause| !repeated(cause)).collect();
    if causes.is_empty() {
        return;
    }
    page.push_str("<h2>Because</h2>\n<ol>\n");
    for cause in causes {
        let _ = writeln!(page, "<li>{}</li>", escape(cause));
    }
    page.push_str("</ol>\n");
}

fn template(page: &mut String, error: &Error) {
    let Some(broken) = error.downcast_ref::<TemplateError>() else { return };
    if broken.excerpt().is_empty() {
        return;
    }
    page.push_str("<h2>Template</h2>\n<pre>");
    for line in broken.excerpt() {
        let here = if Some(line.number) == broken.line() { " class=\"here\"" } else { "" };
        let _ = write!(page, "<span{here}><i>{}</i>{}</span>", line.number, escape(&line.text));
    }
    page.push_str("</pre>\n");
}

fn patterns(page: &mut String, request: &Request, none_matched: bool) {
    if !none_matched {
        let pattern = request.route_pattern().unwrap_or_default();
        let _ = writeln!(
            page,
            "<p>The pattern <code>/{}</code> matched; its view answered 404.</p>",
            escape(pattern)
        );
        return;
    }
    page.push_str("<h2>Patterns tried, in this order</h2>\n<ol>\n");
    for (pattern, name) in request.site().urls.patterns() {
        let name = name.map_or(String::new(), |name| format!(" [name {:?}]", name));
        let _ = writeln!(page, "<li><code>/{}</code>{}</li>", escape(&pattern), escape(&name));
    }
    page.push_str("</ol>\n");
}

fn facts(page: &mut String, request: &Request) {
    let mut rows = vec![
        ("Method".to_owned(), request.method().to_string()),
        ("Path".to_owned(), without_tokens(request.path())),
        ("Scheme".to_owned(), request.scheme().to_owned()),
    ];
    let address = request.remote_addr().map(|address| ("Client".to_owned(), address.to_string()));
    rows.extend(address);
    let route = request.route_pattern().map(|pattern| ("Route".to_owned(), format!("/{pattern}")));
    rows.extend(route);
    table(page, "Request", rows);
    let query = request.query().iter().map(|(name, value)| (without_tokens(name), masked(name, value)));
    table(page, "Query", query.collect());
    let cookies = request.cookies().iter().map(|(name, _)| (name.to_owned(), MASK.to_owned()));
    table(page, "Cookies", cookies.collect());
    let headers = request.headers().iter().map(|(name, value)| {
        (name.to_string(), masked(name.as_str(), &String::from_utf8_lossy(value.as_bytes())))
    });
    table(page, "Headers", headers.collect());
}

fn table(page: &mut String, title: &str, rows: Vec<(String, String)>) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "<h2>{title}</h2>\n<table>\n");
    for (name, value) in rows {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escape(&name), escape(&value));
    }
    page.push_str("</table>\n");
}
