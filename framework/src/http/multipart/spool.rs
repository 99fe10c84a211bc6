//! Receives the bytes of one file: in memory first, on disk when the form's files outgrow their memory.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::temp_file::TempFile;
use crate::http::{BodyMemory, FormError};

/// The bytes that are collected before they are written.
const BLOCK: usize = 128 * 1024;

/// The bytes that are kept to recognize the type.
const HEAD: usize = 16;

/// The content of an uploaded file.
#[derive(Debug)]
pub(super) enum FileContent {
    Memory(Bytes),
    Disk(TempFile),
}

/// The memory for the files of one form.
pub(super) struct FileMemory {
    pub(super) left: usize,
    pub(super) folder: PathBuf,
    pub(super) charged: Option<BodyMemory>,
}

impl FileMemory {
    /// Gives back the memory of bytes that are on disk, or not needed.
    pub(super) fn release(&self, bytes: usize) {
        if let Some(charged) = &self.charged {
            charged.0.release(bytes);
        }
    }
}

/// One file while it arrives.
#[derive(Default)]
pub(super) struct Spool {
    buffer: Vec<u8>,
    disk: Option<(Arc<File>, TempFile)>,
    size: u64,
    head: Vec<u8>,
}

impl Spool {
    pub(super) async fn write(&mut self, bytes: &[u8], memory: &mut FileMemory) -> Result<(), FormError> {
        self.size += bytes.len() as u64;
        let missing = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        self.buffer.extend_from_slice(bytes);
        if self.disk.is_some() {
            return if self.buffer.len() >= BLOCK { self.flush(memory).await } else { Ok(()) };
        }
        if bytes.len() <= memory.left {
            memory.left -= bytes.len();
            return Ok(());
        }
        // What was counted against the memory leaves it again.
        memory.left += self.buffer.len() - bytes.len();
        let folder = memory.folder.clone();
        let (file, temp) = on_disk(&memory.folder, move || TempFile::create(&folder)).await?;
        self.disk = Some((Arc::new(file), temp));
        self.flush(memory).await
    }

    /// Writes the buffer to the file, on a thread that may wait.
    async fn flush(&mut self, memory: &FileMemory) -> Result<(), FormError> {
        let Some((file, _)) = &self.disk else { return Ok(()) };
        let (file, block) = (Arc::clone(file), std::mem::take(&mut self.buffer));
        let written = block.len();
        self.buffer = on_disk(&memory.folder, move || {
            (&*file).write_all(&block)?;
            let mut block = block;
            block.clear();
            Ok(block)
        })
        .await?;
        memory.release(written);
        Ok(())
    }

    /// The size, and the first bytes.
    pub(super) fn facts(&self) -> (u64, Vec<u8>) {
        (self.size, self.head.clone())
    }

    /// Ends the file; returns its content.
    pub(super) async fn finish(mut self, memory: &FileMemory) -> Result<FileContent, FormError> {
        self.flush(memory).await?;
        Ok(match self.disk {
            Some((_, temp)) => FileContent::Disk(temp),
            None => FileContent::Memory(Bytes::from(self.buffer)),
        })
    }
}

async fn on_disk<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FormError> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.into()));
    done.map_err(|error| FormError::Storage(folder.to_owned(), error))
}
