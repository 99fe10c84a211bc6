//! Multipart forms, read piece by piece: the fields into memory, the files into memory or onto the disk.
//!
//! The request's body owns a [`MultipartReader`] from the first part on. The CSRF middleware reads up to the
//! token, and the view reads the rest. The limits are Django's (django/http/multipartparser.py); in
//! addition the head of a part has at most 8 KiB.

mod file_name;
mod pieces;
mod spool;
mod temp_file;
mod uploaded_file;

use std::path::PathBuf;

use http::HeaderMap;
use multer::{Field, Multipart};
use percent_encoding::percent_decode_str;
use pieces::{HeadLimit, HeadTooLong, Pieces};
use spool::{FileMemory, Spool};
use uploaded_file::Inner;
pub use uploaded_file::{SaveError, UploadedFile};

use super::{Body, BodyMemory, FormError};
use crate::settings::Settings;

/// The media type.
pub(crate) fn is_multipart(kind: &str) -> bool {
    kind == "multipart/form-data"
}

/// The fields and files of a form, in the order sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormParts {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<(String, UploadedFile)>,
}

/// The limits of one form.
struct FormLimits {
    bytes: Option<usize>,
    fields: Option<usize>,
    files: Option<usize>,
}

/// Reads the parts of one body.
pub(crate) struct MultipartReader {
    multipart: Multipart<'static>,
    head: HeadLimit,
    limits: FormLimits,
    memory: FileMemory,
    base: PathBuf,
    parts: FormParts,
    /// The bytes of the fields and their names.
    bytes: usize,
    /// The parts with a file name, also those that are skipped.
    files: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    BetweenParts,
    /// A part is being read, or reading one has failed: the rest cannot be read.
    InsidePart,
    AtEnd,
}

impl MultipartReader {
    /// Makes a reader of a body with this `Content-Type`.
    pub(crate) fn new(
        body: Body,
        content_type: &str,
        settings: &Settings,
        charged: Option<BodyMemory>,
    ) -> Result<Self, FormError> {
        let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
        // As Django's `boundary_re`.
        let printable = boundary.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if boundary.is_empty() || boundary.len() > 201 || !printable || boundary.ends_with(' ') {
            return Err(FormError::Multipart("invalid boundary in Content-Type".to_owned()));
        }
        let head = HeadLimit::default();
        let server = &settings.server;
        Ok(Self {
            multipart: Multipart::new(Pieces::new(body, head.clone()), boundary),
            head,
            limits: FormLimits {
                bytes: server.data_upload_max_memory_size,
                fields: server.data_upload_max_number_fields,
                files: server.data_upload_max_number_files,
            },
            memory: FileMemory {
                left: server.file_upload_max_memory_size,
                folder: settings.uploads.temp_dir.clone(),
                charged,
            },
            base: settings.base_dir.clone(),
            parts: FormParts::default(),
            bytes: 0,
            files: 0,
            state: State::BetweenParts,
        })
    }

    /// Reads up to the first field of this name, and returns its value.
    pub(crate) async fn find(&mut self, name: &str) -> Result<Option<String>, FormError> {
        loop {
            if let Some((_, value)) = self.parts.fields.iter().find(|(known, _)| known == name) {
                return Ok(Some(value.clone()));
            }
            if !self.read_part().await? {
                return Ok(None);
            }
        }
    }

    /// Reads all parts.
    pub(crate) async fn finish(&mut self) -> Result<FormParts, FormError> {
        while self.read_part().await? {}
        Ok(self.parts.clone())
    }

    /// Reads a part; returns whether there was one.
    async fn read_part(&mut self) -> Result<bool, FormError> {
        match self.state {
            State::AtEnd => return Ok(false),
            State::InsidePart => return Err(FormError::Gone),
            State::BetweenParts => {}
        }
        self.state = State::InsidePart;
        self.head.begin();
        let Some(field) = self.multipart.next_field().await.map_err(malformed)? else {
            self.state = State::AtEnd;
            return Ok(false);
        };
        self.head.end();
        let name = field.name().unwrap_or_default().to_owned();
        match file_name(&field) {
            Some(sent) => self.read_file(field, name, &sent).await?,
            None => self.read_field(field, name).await?,
        }
        self.state = State::BetweenParts;
        Ok(true)
    }

    async fn read_field(&mut self, mut field: Field<'static>, name: String) -> Result<(), FormError> {
        if let Some(limit) = self.limits.fields.filter(|limit| self.parts.fields.len() >= *limit) {
            return Err(FormError::TooManyFields(limit));
        }
        let mut value = Vec::new();
        // As Django counts: two more for `=` and `&`.
        self.count(name.len() + 2)?;
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            self.count(chunk.len())?;
            value.extend_from_slice(&chunk);
        }
        self.parts.fields.push((name, String::from_utf8_lossy(&value).into_owned()));
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), FormError> {
        self.bytes += bytes;
        match self.limits.bytes {
            Some(limit) if self.bytes > limit => Err(FormError::TooLarge(limit)),
            _ => Ok(()),
        }
    }

    async fn read_file(
        &mut self,
        mut field: Field<'static>,
        name: String,
        sent: &str,
    ) -> Result<(), FormError> {
        self.files += 1;
        if let Some(limit) = self.limits.files.filter(|limit| self.files > *limit) {
            return Err(FormError::TooManyFiles(limit));
        }
        let content_type = content_type(field.headers());
        // A browser sends an empty name where no file was chosen.
        let safe = file_name::sanitized(sent).filter(|_| !name.is_empty());
        let mut spool = Spool::default();
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            match safe {
                Some(_) => spool.write(&chunk, &mut self.memory).await?,
                None => self.memory.release(chunk.len()),
            }
        }
        let Some(safe) = safe else { return Ok(()) };
        let (size, head) = spool.facts();
        let content = spool.finish(&self.memory).await?;
        let base = self.base.clone();
        let inner = Inner { name: safe, content_type, size, head, content, base, linked: false.into() };
        self.parts.files.push((name, UploadedFile::new(inner)));
        Ok(())
    }
}

/// The file name of a part, also in the form `filename*=UTF-8''…` (RFC 5987).
fn file_name(field: &Field<'static>) -> Option<String> {
    if let Some(name) = field.file_name() {
        return Some(name.to_owned());
    }
    let disposition = field.headers().get(http::header::CONTENT_DISPOSITION)?;
    let text = String::from_utf8_lossy(disposition.as_bytes());
    let mut parameters = text.split(';').map(str::trim);
    if let Some(extended) = parameters.clone().find_map(|parameter| parameter.strip_prefix("filename*=")) {
        let encoded = extended.splitn(3, '\'').nth(2).unwrap_or_default();
        return Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned());
    }
    // A name that is not UTF-8 still makes the part a file.
    let named = parameters.any(|parameter| parameter.starts_with("filename="));
    named.then(|| text.rsplit("filename=").next().unwrap_or_default().trim_matches('"').to_owned())
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.is_empty() { "application/octet-stream".to_owned() } else { essence.to_ascii_lowercase() }
}

fn malformed(error: multer::Error) -> FormError {
    match error {
        multer::Error::StreamReadFailed(error) => match error.downcast::<HeadTooLong>() {
            Ok(too_long) => FormError::Multipart(too_long.to_string()),
            Err(error) => FormError::Broken(error),
        },
        other => FormError::Multipart(other.to_string()),
    }
}
