//! [`UploadedFile`]: a file of a form, in memory or on disk, and how it is saved.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;

use super::{file_name, spool::FileContent};
use crate::{Result, crypto};

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// How many names are tried. A second one is almost always free.
const TRIES: usize = 100;

/// A file that a visitor has sent with a form.
///
/// Small files are in memory; larger ones are temporary files (`FILE_UPLOAD_MAX_MEMORY_SIZE`), which are
/// removed when the last clone of this value is dropped: at the end of the request, however it ends, unless
/// the view keeps one.
///
/// # Examples
///
/// ```
/// use nuages::prelude::*;
///
/// async fn upload(request: &mut Request) -> Result<Response> {
///     let form = request.form_data().await?;
///     let Some(photo) = form.uploads("photo").first().cloned().cloned() else {
///         return Err(Error::bad_request("no photo was sent"));
///     };
///     let path = photo.save_in("media").await?;
///     Ok(Response::text(format!("{} bytes in {}", photo.size(), path.display())))
/// }
/// # let _ = upload;
/// ```
#[derive(Clone)]
pub struct UploadedFile(Arc<Inner>);

pub(super) struct Inner {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) size: u64,
    /// The first bytes, by which types are recognized.
    pub(super) head: Vec<u8>,
    pub(super) content: FileContent,
    /// The folder where relative paths start.
    pub(super) base: PathBuf,
    /// Whether the temporary file has a second name, so that another copy needs its own bytes.
    pub(super) linked: AtomicBool,
}

/// An uploaded file cannot be saved.
///
/// # Examples
///
/// ```
/// use nuages::{http::SaveError, prelude::*};
///
/// fn failed_to_save(response: &Response) -> bool {
///     response.error().is_some_and(|error| error.downcast_ref::<SaveError>().is_some())
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot save the uploaded file {name:?} in {}", folder.display())]
pub struct SaveError {
    name: String,
    folder: PathBuf,
    #[source]
    source: io::Error,
}

impl UploadedFile {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The name that the client sent: its last component, without control characters. Never trust its
    /// extension.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The media type that the client sent, in lower case and without parameters. It need not be true.
    pub fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// The first bytes, at most 16.
    pub(in crate::http) fn head(&self) -> &[u8] {
        &self.0.head
    }

    /// A file without a name and without bytes, in place of one that was not sent.
    pub(in crate::http) fn empty() -> Self {
        Self::new(Inner {
            name: String::new(),
            content_type: "application/octet-stream".to_owned(),
            size: 0,
            head: Vec::new(),
            content: FileContent::Memory(Bytes::new()),
            base: PathBuf::new(),
            linked: false.into(),
        })
    }

    /// The path of the temporary file; `None` for a file in memory.
    pub fn temporary_path(&self) -> Option<&Path> {
        match &self.0.content {
            FileContent::Memory(_) => None,
            FileContent::Disk(file) => Some(file.path()),
        }
    }

    /// Reads the whole file into memory.
    ///
    /// # Errors
    ///
    /// Fails if the temporary file cannot be read.
    pub async fn bytes(&self) -> Result<Bytes> {
        match &self.0.content {
            FileContent::Memory(bytes) => Ok(bytes.clone()),
            FileContent::Disk(_) => {
                let file = self.clone();
                let read = move || file.temporary_path().map_or_else(|| Ok(Vec::new()), fs::read);
                Ok(Bytes::from(tokio::task::spawn_blocking(read).await??))
            }
        }
    }

    /// Saves the file in a folder and returns its path. A relative folder starts at the folder of the
    /// settings file; a missing one is created.
    ///
    /// The name is Django's: letters, digits, `_`, `-` and `.` stay, spaces become underscores. A file that
    /// is there is never overwritten: the new one is named `name_xxxxxxx.ext`. It can be read by everybody
    /// (0644), Django's default.
    ///
    /// # Errors
    ///
    /// A [`SaveError`] if the file cannot be written, or if nothing is left of its name.
    pub async fn save_in(&self, folder: impl AsRef<Path>) -> Result<PathBuf> {
        let (file, folder) = (self.clone(), self.0.base.join(folder));
        Ok(tokio::task::spawn_blocking(move || file.save(folder)).await??)
    }

    fn save(&self, folder: PathBuf) -> Result<PathBuf, SaveError> {
        let saved = self.place(&folder);
        saved.map_err(|source| SaveError { name: self.name().to_owned(), folder, source })
    }

    fn place(&self, folder: &Path) -> io::Result<PathBuf> {
        let name = file_name::valid(self.name());
        let name =
            name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidFilename, "no valid name is left"))?;
        fs::create_dir_all(folder)?;
        let mut path = folder.join(&name);
        for _ in 0..TRIES {
            match self.write_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    path = folder.join(file_name::alternative(&name, &crypto::random_text(7, ALPHABET)));
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(path),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "every name that was tried is taken"))
    }

    /// Writes the file under a name that is free, or fails with `AlreadyExists`.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let temporary = self.temporary_path();
        if let Some(temporary) = temporary.filter(|_| !self.0.linked.swap(true, Relaxed)) {
            // A second name costs nothing, where both folders are on one file system.
            match fs::hard_link(temporary, path) {
                Ok(()) => return readable(path),
                Err(error) => {
                    self.0.linked.store(false, Relaxed);
                    if error.kind() == io::ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        let mut file = File::options().write(true).create_new(true).open(path)?;
        let copied = match &self.0.content {
            FileContent::Memory(bytes) => file.write_all(bytes),
            FileContent::Disk(temporary) => {
                File::open(temporary.path()).and_then(|mut from| io::copy(&mut from, &mut file).map(drop))
            }
        };
        let done = copied.and_then(|()| readable(path));
        if done.is_err() {
            // Half a file helps nobody. The first error is the one to report.
            let _ = fs::remove_file(path);
        }
        done
    }
}

/// Gives the file Django's rights, `FILE_UPLOAD_PERMISSIONS`.
fn readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadedFile")
            .field("name", &self.0.name)
            .field("content_type", &self.0.content_type)
            .field("size", &self.0.size)
            .finish_non_exhaustive()
    }
}
