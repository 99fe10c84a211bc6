//! Static files in development: what lies in `STATICFILES_DIRS` is served below `STATIC_URL` under `DEBUG`,
//! as Django's runserver does (django/contrib/staticfiles/handlers.py).
//!
//! `App` asks [`StaticFiles`] before anything else, so that a stylesheet never pays for a session.
//! `find` decides which file is meant and never leaves the folders, `range` reads `Range`, `stream`
//! sends what is too large to hold. In production the web server in front does this.

mod find;
mod range;
mod stream;

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{Method, StatusCode, header};

use self::{find::Found, range::Range};
use crate::{
    BoxFuture, Error, Result,
    http::{Body, Request, Response, Validators},
    settings::Settings,
    view::View,
};

/// Files up to this size are read in one go.
const SMALL: u64 = 256 * 1024;

/// The static files of a project, as a view for every path below [`StaticFiles::prefix`].
#[derive(Debug)]
pub struct StaticFiles {
    prefix: String,
    folders: Arc<[PathBuf]>,
}

/// A view that serves the files in `folders` below the URL `prefix` (`static/`).
pub fn serve_static(prefix: &str, folders: impl IntoIterator<Item = PathBuf>) -> Arc<dyn View> {
    Arc::new(StaticFiles::new(prefix, folders))
}

impl StaticFiles {
    /// The files in `folders`, below the URL `prefix` (`static/`). Where two folders have a file of the
    /// same name, the first wins.
    pub fn new(prefix: &str, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => "/".to_owned(),
            inner => format!("/{inner}/"),
        };
        Self { prefix, folders: folders.into_iter().collect() }
    }

    /// What the settings say is to be served; none without `DEBUG`, without `STATICFILES_DIRS`, or where
    /// `STATIC_URL` is on another host.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let url = settings.static_url.as_str();
        let elsewhere = url.contains("://") || url.starts_with("//");
        let none = !settings.debug || url.is_empty() || elsewhere || settings.staticfiles_dirs.is_empty();
        (!none).then(|| Self::new(url, settings.staticfiles_dirs.iter().cloned()))
    }

    /// The path that all its URLs begin with, such as `/static/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    async fn answer(&self, request: &Request) -> Result<Response> {
        let path = request.uri().path();
        let missing = || Error::not_found(format!("no static file at {path:?}"));
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(Response::method_not_allowed(&["GET", "HEAD"]));
        }
        let inner = path.strip_prefix(self.prefix.as_str()).and_then(find::relative).ok_or_else(missing)?;
        let folders = self.folders.clone();
        let found = blocking(move || find::find(&folders, &inner)).await?;
        respond(request, found.ok_or_else(missing)?).await
    }
}

impl View for StaticFiles {
    fn arity(&self) -> usize {
        0
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.answer(request))
    }
}

async fn respond(request: &Request, found: Found) -> Result<Response> {
    let Found { file, length, modified, media_type } = found;
    let validators = Validators {
        etag: modified.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok()).map(|age| {
            let (seconds, nanos) = (age.as_secs(), age.subsec_nanos());
            format!("\"{seconds:x}.{nanos:x}-{length:x}\"")
        }),
        last_modified: modified,
    };
    if let Some(response) = validators.precondition(request.method(), request.headers()) {
        return Ok(response);
    }
    let mut response = Response::empty(StatusCode::OK);
    validators.describe(&mut response);
    response.set_header("Accept-Ranges", "bytes");
    // A browser asks each time whether what it has is still right: in development it often is not.
    response.set_header("Cache-Control", "no-cache");
    response.set_header("X-Content-Type-Options", "nosniff");
    let (from, length) = match range::requested(request, &validators, length) {
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
    if *request.method() == Method::GET {
        response.set_body(body(file, from, length).await?);
    }
    Ok(response)
}

async fn body(mut file: File, from: u64, length: u64) -> Result<Body> {
    if length > SMALL {
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

/// Runs what waits for the disk where it may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
