//! Files as responses: [`FileResponse`] for views, and [`OpenFile`] for it and for static files.
//!
//! A view returns a [`FileResponse`] without opening anything. The middleware chain opens the file when the
//! view has returned, since `Range` and the conditions are in the request.

mod body;
mod disposition;
mod open;
mod range;

use std::path::PathBuf;

pub(crate) use open::{OpenFile, blocking};

use http::StatusCode;

use self::disposition::content_disposition;
use super::{IntoResponse, Request, Response};
use crate::{Error, Result};

/// A response that sends a file, like Django's `FileResponse`: in pieces, with `Content-Type`,
/// `Last-Modified`, `ETag` and `Content-Length`, and as a part (206) or not at all (304) if the client asks
/// so.
///
/// The file is opened when the view has returned. A file that is not there is a 404.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// fn manual(_: &mut Request) -> FileResponse {
///     FileResponse::open("files/manual.pdf")
/// }
///
/// fn invoice(request: &mut Request, number: u32) -> Result<FileResponse> {
///     if !request.user().is_staff() {
///         return Err(Error::forbidden("invoices are for the staff"));
///     }
///     Ok(FileResponse::open(format!("files/invoices/{number}.pdf")).download_as(format!("Invoice {number}.pdf")))
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a file is sent only if the view returns it"]
pub struct FileResponse {
    path: PathBuf,
    content_type: Option<String>,
    download: Option<Download>,
}

/// Whether browsers show or save the file, and under which name.
#[derive(Clone, Debug)]
struct Download {
    attachment: bool,
    name: Option<String>,
}

impl FileResponse {
    /// Sends the file at this path. A relative path starts at the folder of the settings file.
    ///
    /// Never make the path of a name that a visitor sent without checking it: `..` leads anywhere.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), content_type: None, download: None }
    }

    /// Sets the `Content-Type`. Without it, the file's name decides.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Makes browsers save the file under its own name: Django's `as_attachment=True`.
    pub fn download(mut self) -> Self {
        self.download = Some(Download { attachment: true, name: None });
        self
    }

    /// Makes browsers save the file under this name.
    pub fn download_as(mut self, name: impl Into<String>) -> Self {
        self.download = Some(Download { attachment: true, name: Some(name.into()) });
        self
    }

    /// Shows the file in the browser, which saves it under this name if the visitor wishes.
    pub fn inline_as(mut self, name: impl Into<String>) -> Self {
        self.download = Some(Download { attachment: false, name: Some(name.into()) });
        self
    }

    /// Fills the response with the file, as the request asks for it.
    async fn fill(self, request: &Request, response: &mut Response) -> Result<()> {
        let path = request.settings().base_dir.join(&self.path);
        let opened = blocking({
            let path = path.clone();
            move || OpenFile::open(&path)
        });
        let missing = || Error::not_found(format!("no file at {}", path.display()));
        let unreadable = |error: Error| error.context(format!("cannot read {}", path.display()));
        let mut file = opened.await.map_err(unreadable)?.ok_or_else(missing)?;
        if let Some(media_type) = self.content_type {
            file.media_type = media_type;
        }
        if let Some(Download { attachment, name }) = self.download {
            let own = || self.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.or_else(own).unwrap_or_default();
            response.set_header("Content-Disposition", content_disposition(attachment, &name));
        }
        file.answer(request.method(), request.headers(), response).await.map_err(unreadable)
    }
}

impl IntoResponse for FileResponse {
    fn into_response(self) -> Result<Response> {
        let mut response = Response::empty(StatusCode::OK);
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

/// Opens the file of a response and sends what the request asks for.
pub(crate) async fn with_file(
    file: FileResponse,
    mut response: Response,
    request: &Request,
) -> Result<Response> {
    file.fill(request, &mut response).await?;
    response.sendable()
}
