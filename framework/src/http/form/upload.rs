//! Fields of files.

use super::{Field, Form, message::FormMessage, widget::Widget};
use crate::http::UploadedFile;

/// A file.
///
/// # Examples
///
/// ```
/// use nuages::http::{Field, FileKind, UploadedFile};
///
/// fn photo(field: Field<'_, FileKind>) -> Option<UploadedFile> {
///     field.max_bytes(2 << 20).types(&["image/png", "image/jpeg"]).optional()
/// }
/// # let _ = photo;
/// ```
#[derive(Default)]
pub struct FileKind {
    max_bytes: Option<u64>,
    types: Vec<String>,
}

/// Media types and the bytes that their files begin with.
const SIGNATURES: &[(&str, &[&[u8]])] = &[
    ("image/png", &[b"\x89PNG\r\n\x1a\n"]),
    ("image/jpeg", &[b"\xff\xd8\xff"]),
    ("image/gif", &[b"GIF87a", b"GIF89a"]),
    ("image/webp", &[b"RIFF"]),
    ("application/pdf", &[b"%PDF-"]),
    ("application/zip", &[b"PK\x03\x04", b"PK\x05\x06"]),
];

impl Form {
    /// A file. The form is sent as `multipart/form-data`, which `{{ form }}` sees to.
    pub fn file(&mut self, name: &str) -> Field<'_, FileKind> {
        Field::new(self, name, Widget::Input("file"), FileKind::default())
    }
}

impl FileKind {
    fn check(&self, file: &UploadedFile) -> Result<(), FormMessage> {
        if file.size() == 0 {
            return Err(FormMessage::new("empty", "The file is empty."));
        }
        if let Some(limit) = self.max_bytes.filter(|limit| file.size() > *limit) {
            let text = "The file is larger than {limit}.";
            return Err(FormMessage::new("max_bytes", text).with("limit", readable(limit)));
        }
        let fits = |known: &String| match known.strip_suffix("/*") {
            Some(group) => file.content_type().split('/').next() == Some(group),
            None => known == file.content_type(),
        };
        let is_allowed = self.types.is_empty() || (self.types.iter().any(fits) && is_what_it_says(file));
        if !is_allowed {
            let text = "Choose a file of the type {types}.";
            return Err(FormMessage::new("types", text).with("types", self.types.join(", ")));
        }
        Ok(())
    }
}

/// Whether the first bytes are those of its type, where they are known.
fn is_what_it_says(file: &UploadedFile) -> bool {
    let known = SIGNATURES.iter().find(|(kind, _)| *kind == file.content_type());
    known.is_none_or(|(_, starts)| starts.iter().any(|start| file.head().starts_with(start)))
}

fn readable(bytes: u64) -> String {
    match bytes {
        0..=1023 => format!("{bytes} bytes"),
        1024..=1_048_575 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

impl Field<'_, FileKind> {
    /// Limits the size.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.kind.max_bytes = Some(limit);
        self
    }

    /// Limits the media types: `image/png`, `image/*`. The first bytes of PNG, JPEG, GIF, WebP, PDF and ZIP
    /// files are checked; otherwise the type is what the client says.
    pub fn types(mut self, types: &[&str]) -> Self {
        self.kind.types = types.iter().map(|kind| kind.to_ascii_lowercase()).collect();
        self
    }

    /// The file. One must be chosen.
    pub fn required(self) -> UploadedFile {
        self.chosen(true).unwrap_or_else(UploadedFile::empty)
    }

    /// The file; `None` if none was chosen.
    pub fn optional(self) -> Option<UploadedFile> {
        self.chosen(false)
    }

    fn chosen(mut self, required: bool) -> Option<UploadedFile> {
        if !self.kind.types.is_empty() {
            let types = self.kind.types.join(",");
            self.attribute("accept", types);
        }
        self.set_required(required);
        let Some(files) = self.files() else {
            self.end_unbound();
            return None;
        };
        let result = match files.last() {
            None if required => Err(FormMessage::required()),
            None => Ok(None),
            Some(file) => self.kind.check(file).map(|()| Some(file.clone())),
        };
        self.end(result).flatten()
    }
}
