//! An open file, sent as a request asks for it: whole, in part (RFC 9110 section 14) or not at all
//! (RFC 9110 section 13).

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};

use super::{
    body::FileBody,
    range::{self, Range},
};
use crate::{
    Result,
    http::{Body, Response, Validators, parse_http_date},
};

/// Files up to this size are read at once; larger ones are streamed.
const MAX_BYTES_AT_ONCE: u64 = 256 * 1024;

/// An open file, and the facts that the response reports about it.
pub(crate) struct OpenFile {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
    pub(super) media_type: String,
}

impl OpenFile {
    /// Opens a file; `None` if there is no regular file.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
        match Self::open_as(path, path) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => Ok(None),
            opened => opened,
        }
    }

    /// Opens a file whose type another name tells.
    pub(crate) fn open_as(path: &Path, name: &Path) -> io::Result<Option<Self>> {
        // Opening a FIFO would wait for a writer.
        if !path.metadata()?.is_file() {
            return Ok(None);
        }
        let file = File::open(path)?;
        let about = file.metadata()?;
        let media_type = media_type(name);
        let opened = Self { file, length: about.len(), modified: about.modified().ok(), media_type };
        Ok(about.is_file().then_some(opened))
    }

    /// Fills a response with what the request asks for. Headers that are set already stay.
    pub(crate) async fn answer(
        self,
        method: &Method,
        headers: &HeaderMap,
        response: &mut Response,
    ) -> Result<()> {
        let Self { file, length, modified, media_type } = self;
        let own_etag = response.header("etag").map(str::to_owned);
        let own_change = response.header("last-modified").and_then(parse_http_date);
        let validators = Validators {
            etag: own_etag.or_else(|| {
                modified.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok()).map(|age| {
                    let (seconds, nanos) = (age.as_secs(), age.subsec_nanos());
                    format!("\"{seconds:x}.{nanos:x}-{length:x}\"")
                })
            }),
            last_modified: own_change.or(modified),
        };
        validators.describe(response);
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let whole = !reads || response.status() != StatusCode::OK;
        if !whole && let Some(refused) = validators.precondition(method, headers) {
            response.set_status(refused.status());
            return Ok(());
        }
        response.set_header("Accept-Ranges", "bytes");
        let range = if whole { Range::Whole } else { range::requested(headers, &validators, length) };
        let (from, length) = match range {
            Range::Whole => (0, length),
            Range::Part { from, to } => {
                response.set_status(StatusCode::PARTIAL_CONTENT);
                response.set_header("Content-Range", format!("bytes {from}-{to}/{length}"));
                (from, to - from + 1)
            }
            Range::Outside => {
                response.set_status(StatusCode::RANGE_NOT_SATISFIABLE);
                response.set_header("Content-Range", format!("bytes */{length}"));
                return Ok(());
            }
        };
        if !response.headers().contains_key(CONTENT_TYPE) {
            response.set_header(CONTENT_TYPE.as_str(), media_type);
        }
        response.set_header("Content-Length", length.to_string());
        if *method != Method::HEAD {
            response.set_body(body(file, from, length).await?);
        }
        Ok(())
    }
}

async fn body(mut file: File, from: u64, length: u64) -> Result<Body> {
    if length > MAX_BYTES_AT_ONCE {
        let file = blocking(move || file.seek(SeekFrom::Start(from)).map(|_| file)).await?;
        return Ok(Body::stream(FileBody::new(file, length)));
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
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}

fn media_type(path: &Path) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    let textual = guess.type_() == mime_guess::mime::TEXT || guess.subtype() == mime_guess::mime::JAVASCRIPT;
    if textual { format!("{}; charset=utf-8", guess.essence_str()) } else { guess.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_a_charset() {
        for (name, media_type) in [
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.woff2", "font/woff2"),
            ("a.json", "application/json"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(super::media_type(Path::new(name)), media_type);
        }
    }
}
