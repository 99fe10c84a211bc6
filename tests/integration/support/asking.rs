//! Asks an application in this process, as a server would.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use nuages::{App, settings::Settings, urls::Route};
use tower_service::Service;

use crate::support::site;

/// Lines for the host example.com, with sessions in the cookie; `extra` must set neither of them.
pub fn lines(extra: &str) -> String {
    format!(
        "ALLOWED_HOSTS = [\"example.com\", \".example.org\"]\nSESSION_ENGINE = \"signed_cookies\"\n{extra}"
    )
}

pub fn settings(extra: &str) -> Settings {
    settings_in(Path::new("/nonexistent"), extra)
}

pub fn settings_in(folder: &Path, extra: &str) -> Settings {
    site::settings_in(folder, &lines(extra))
}

pub fn app(extra: &str, routes: Vec<Route>) -> App {
    App::new(settings(extra)).urls(routes)
}

/// A response, its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn cookies(&self) -> Vec<&str> {
        let values = self.headers.get_all(header::SET_COOKIE).iter();
        values.map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// The value of a cookie it sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}=");
        let set =
            self.cookies().into_iter().find_map(|cookie| cookie.strip_prefix(&prefix).map(str::to_owned))?;
        Some(set.split(';').next().expect("a first part").to_owned())
    }
}

/// A request to be built on; it names the host.
pub fn request(method: Method, target: &str) -> http::request::Builder {
    http::Request::builder().method(method).uri(target).header(header::HOST, "example.com")
}

pub async fn send(app: &App, request: http::Request<impl Into<Bytes>>) -> Answer {
    let request = request.map(|body| Full::new(body.into()));
    let Ok(response) = app.clone().call(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    Answer { status: parts.status, headers: parts.headers, body }
}

pub async fn get(app: &App, target: &str) -> Answer {
    send(app, request(Method::GET, target).body("").expect("a request")).await
}

pub async fn post_form(app: &App, target: &str, form: &str) -> Answer {
    let request = request(Method::POST, target)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.to_owned());
    send(app, request.expect("a request")).await
}
