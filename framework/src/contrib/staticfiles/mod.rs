//! Static files for development: under `DEBUG`, the files in `STATICFILES_DIRS` are served below
//! `STATIC_URL`, as with Django's runserver (django/contrib/staticfiles/handlers.py), and those in
//! `MEDIA_ROOT` below `MEDIA_URL`.
//!
//! [`StaticFiles`] is a tower service, which `App` mounts outside of all middleware, so that a style sheet
//! needs no session. `find` opens the file of a URL and never leaves the folders. In production the web server in front of the application serves them.

mod find;

use std::{
    convert::Infallible,
    fmt,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Method, Request, StatusCode, Uri};
use tower_service::Service;

use crate::{
    BoxFuture, Error, Result, error_page,
    http::{Body, Response, blocking, host::allowed_host},
    settings::Settings,
};

/// A tower service that serves the files of folders. The path of the URL is the path of the file.
///
/// # Examples
///
/// Files that the application serves itself, in production too:
///
/// ```
/// use nuages::{App, contrib::staticfiles::StaticFiles, settings::Settings};
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).mount_outside("downloads/", StaticFiles::new(["downloads".into()]))
/// }
/// ```
///
/// Hidden files and folders (`.env`, `.git`) are never served, except those in `.well-known`.
#[derive(Clone)]
pub struct StaticFiles {
    folders: Arc<[PathBuf]>,
    /// The settings whose `ALLOWED_HOSTS` are checked. Services that a project mounts check no host.
    settings: Option<Arc<Settings>>,
}

impl StaticFiles {
    /// Serves the files in `folders`. If two folders have a file of the same name, the first one is served.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { folders: folders.into_iter().collect(), settings: None }
    }

    /// The services for `STATICFILES_DIRS` and `MEDIA_ROOT`, and the prefixes to mount them at; none without
    /// `DEBUG`.
    pub(crate) fn from_settings(settings: &Arc<Settings>) -> Vec<(String, Self)> {
        let uploads = &settings.uploads;
        let media_url = uploads.media_url.as_deref().unwrap_or_default();
        let media: Vec<PathBuf> = uploads.media_root.iter().cloned().collect();
        let places = [(settings.static_url.as_str(), settings.staticfiles_dirs.clone()), (media_url, media)];
        let served = places.into_iter().filter(|(_, folders)| settings.debug && !folders.is_empty());
        served.filter_map(|(url, folders)| Self::below(url, folders, settings)).collect()
    }

    /// The service for a URL of the settings; `None` if the URL is on another host.
    fn below(url: &str, folders: Vec<PathBuf>, settings: &Arc<Settings>) -> Option<(String, Self)> {
        let elsewhere = url.contains("://") || url.starts_with("//");
        let prefix = url.trim_matches('/');
        if elsewhere || prefix.is_empty() {
            return None;
        }
        let files = Self::new(folders);
        Some((format!("{prefix}/"), Self { settings: Some(Arc::clone(settings)), ..files }))
    }

    async fn answer(self, method: Method, uri: Uri, headers: HeaderMap) -> Result<Response> {
        if let Some(settings) = &self.settings {
            allowed_host(&headers, &uri, settings)
                .map_err(|error| Error::from(error).set_status(StatusCode::BAD_REQUEST))?;
        }
        let path = uri.path();
        if !matches!(method, Method::GET | Method::HEAD) {
            return Ok(Response::method_not_allowed(&["GET", "HEAD"]));
        }
        let missing = || Error::not_found(format!("no static file at {path:?}"));
        let relative = path.strip_prefix('/').and_then(find::relative).ok_or_else(missing)?;
        let found = blocking(move || find::find(&self.folders, &relative)).await?;
        let mut response = Response::empty(StatusCode::OK);
        // In development files change often, so browsers must ask whether their copy is current.
        response.set_header("Cache-Control", "no-cache");
        response.set_header("X-Content-Type-Options", "nosniff");
        found.ok_or_else(missing)?.answer(&method, &headers, &mut response).await?;
        Ok(response)
    }
}

impl fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticFiles").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for StaticFiles {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = self.clone().answer(method, uri, request.headers().clone());
        Box::pin(async {
            let response = answer.await.unwrap_or_else(|error| {
                if error.status().is_server_error() {
                    tracing::error!(target: "nuages.request", ?error, "a static file cannot be read");
                }
                error_page::bare(error.status())
            });
            Ok(response.into())
        })
    }
}
