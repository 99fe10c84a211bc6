//! Static files for development: under `DEBUG`, the files in `STATICFILES_DIRS` are served below
//! `STATIC_URL`, as with Django's runserver (django/contrib/staticfiles/handlers.py), and those in
//! `MEDIA_ROOT` below `MEDIA_URL`.
//!
//! [`StaticFiles`] is a tower service, which `App` mounts outside of all middleware, so that a style sheet
//! needs no session. `find` opens the file of a URL and never leaves the folders, `range` reads `Range`,
//! `stream` sends large files. In production the web server in front of the application serves them.

mod find;
mod range;
mod stream;

use std::{
    convert::Infallible,
    fmt,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use tower_service::Service;

use self::{find::Found, range::Range};
use crate::{
    BoxFuture, Error, Result, error_page,
    http::{Body, Response, Validators, host::allowed_host},
    settings::Settings,
};

/// Files up to this size are read at once; larger ones are streamed.
const MAX_BYTES_AT_ONCE: u64 = 256 * 1024;

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
        respond(&method, &headers, found.ok_or_else(missing)?).await
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

async fn respond(method: &Method, headers: &HeaderMap, found: Found) -> Result<Response> {
    let Found { file, length, modified, media_type } = found;
    let validators = Validators {
        etag: modified.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok()).map(|age| {
            let (seconds, nanos) = (age.as_secs(), age.subsec_nanos());
            format!("\"{seconds:x}.{nanos:x}-{length:x}\"")
        }),
        last_modified: modified,
    };
    if let Some(response) = validators.precondition(method, headers) {
        return Ok(response);
    }
    let mut response = Response::empty(StatusCode::OK);
    validators.describe(&mut response);
    response.set_header("Accept-Ranges", "bytes");
    // In development files change often, so browsers must ask whether their copy is current.
    response.set_header("Cache-Control", "no-cache");
    response.set_header("X-Content-Type-Options", "nosniff");
    let (from, length) = match range::requested(headers, &validators, length) {
        Range::Whole => (0, length),
        Range::Part { from, to } => {
            response.set_status(StatusCode::PARTIAL_CONTENT);
            response.set_header("Content-Range", format!("bytes {from}-{to}/{length}"));
            (from, to - from + 1)
        }
        Range::Outside => {
            response.set_status(StatusCode::RANGE_NOT_SATISFIABLE);
            response.set_header("Content-Range", format!("bytes */{length}"));
            return Ok(response);
        }
    };
    response.set_header(header::CONTENT_TYPE.as_str(), media_type);
    response.set_header("Content-Length", length.to_string());
    if *method == Method::GET {
        response.set_body(body(file, from, length).await?);
    }
    Ok(response)
}

async fn body(mut file: File, from: u64, length: u64) -> Result<Body> {
    if length > MAX_BYTES_AT_ONCE {
        let file = blocking(move || file.seek(SeekFrom::Start(from)).map(|_| file)).await?;
        return Ok(Body::stream(stream::FileBody::new(file, length)));
    }
    let read = move || {
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_exact(&mut bytes)?;
        Ok(Bytes::from(bytes))
    };
    Ok(Body::from(blocking(read).await?))
}

/// Runs work that waits for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
