//! The session folder: one file a session, locks, sweeps. All of it blocks.

use std::{
    collections::BinaryHeap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::sessions::{
    SessionKey,
    store::{Cleared, Listed, Record, Swap},
    stripe::stripe,
};

const LOCKS: usize = 64;
/// How long a write waits for another process that holds its lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// A stored session larger than this is not one of ours.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Reads from a session's text when it ends; `None` where the text cannot be decoded.
pub(crate) type EndReader = Box<dyn Fn(&str) -> Option<SystemTime> + Send + Sync>;

/// The folder `SESSION_FILE_PATH`.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// `SESSION_COOKIE_NAME`: the beginning of the name of every session file.
    prefix: String,
    /// `SESSION_COOKIE_AGE`: how long after its file's last change a session lasts that cannot be decoded.
    cookie_age: Duration,
    end_of: EndReader,
    /// Where `clear` goes on: reading a large folder anew for each batch would take forever.
    sweep: Mutex<Option<Sweep>>,
    sweeps: AtomicU64,
    /// Whether half-written files of killed processes have been removed.
    tidied: AtomicBool,
}

/// A clearing of the folder that is under way.
struct Sweep {
    /// The `next` of its last batch.
    number: u64,
    entries: fs::ReadDir,
}

impl Folder {
    pub(super) fn new(path: PathBuf, prefix: String, cookie_age: Duration, end_of: EndReader) -> Self {
        Self {
            path,
            prefix,
            cookie_age,
            end_of,
            sweep: Mutex::default(),
            sweeps: AtomicU64::new(0),
            tidied: AtomicBool::new(false),
        }
    }

    pub(super) fn file(&self, key: &str) -> PathBuf {
        self.path.join(format!("{}{key}", self.prefix))
    }

    fn lock_path(&self, stripe: usize, kind: &str) -> PathBuf {
        // Not of the prefix: Django's clearsessions takes every file that begins with it for a session.
        self.path.join(format!(".nuages-{}-{stripe:02}.{kind}", self.prefix))
    }

    fn lock_file(&self, stripe: usize) -> io::Result<File> {
        options().create(true).truncate(false).open(self.lock_path(stripe, "lock"))
    }

    /// Waits for the lock of a key.
    pub(super) fn lock_key(&self, key: &str) -> io::Result<Lock> {
        self.lock(stripe(key, LOCKS))
    }

    /// Waits for the lock of a stripe. It is released when the file is dropped, or the process dies.
    fn lock(&self, stripe: usize) -> io::Result<Lock> {
        let file = self.lock_file(stripe)?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file, stripe }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_micros(300));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn read(&self, key: &str) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let path = self.file(key);
        let Some(kind) = unless_gone(fs::symlink_metadata(&path))? else { return Ok(None) };
        if !kind.is_file() {
            // Opening a FIFO would wait for a writer, and a link may lead anywhere.
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
        }
        let Some(file) = unless_gone(File::open(path))? else { return Ok(None) };
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
        // Bytes that are not text have no good signature either: decoding says so.
        Ok(Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into())))
    }

    /// Makes or replaces the file of `key` in one step; the caller holds the lock.
    pub(super) fn write(&self, lock: &Lock, key: &str, data: &str) -> io::Result<()> {
        self.write_temporary(lock, data)?.put(&self.file(key))
    }

    fn write_temporary(&self, lock: &Lock, data: &str) -> io::Result<Temporary> {
        if !self.tidied.swap(true, Ordering::Relaxed) {
            self.tidy()?;
        }
        let path = self.lock_path(lock.stripe, "tmp");
        let mut file = options().create(true).truncate(true).open(&path)?;
        let temporary = Temporary(Some(path));
        file.write_all(data.as_bytes())?;
        Ok(temporary)
    }

    /// Removes the temporary files of killed processes. There is one for each lock, and its writer holds the
    /// lock.
    fn tidy(&self) -> io::Result<()> {
        for stripe in 0..LOCKS {
            let temporary = self.lock_path(stripe, "tmp");
            if !temporary.try_exists()? {
                continue;
            }
            // Held while the file is removed: another thread may begin to write it just now.
            let lock = self.lock_file(stripe)?;
            if lock.try_lock().is_ok() {
                unless_gone(fs::remove_file(temporary))?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, key: &str) -> io::Result<bool> {
        Ok(unless_gone(fs::remove_file(self.file(key)))?.is_some())
    }

    /// When a session ends; one that cannot be decoded ends by its file's age.
    fn ends(&self, key: &str, data: &str) -> io::Result<SystemTime> {
        match (self.end_of)(data) {
            Some(end) => Ok(end),
            None => Ok(fs::metadata(self.file(key))?.modified()? + self.cookie_age),
        }
    }

    /// Puts `data` in the place of `expected`, under `new_key`; the caller holds the lock of `key`.
    pub(super) fn swap(
        &self,
        lock: &Lock,
        (key, expected): (&str, &str),
        (new_key, data): (&str, &str),
    ) -> io::Result<Swap> {
        match self.read(key)? {
            None => return Ok(Swap::Gone),
            Some(stored) if stored != expected => return Ok(Swap::Changed),
            Some(_) => {}
        }
        // Written before anything moves: where the disk is full, the old key still works.
        let written = self.write_temporary(lock, data)?;
        if new_key != key {
            // The move is one step: at no moment can both keys be loaded, or neither.
            fs::rename(self.file(key), self.file(new_key))?;
        }
        written.put(&self.file(new_key))?;
        Ok(Swap::Done)
    }

    /// The key in a file's name, if it is a session's.
    fn key_of<'a>(&self, name: &'a Path) -> Option<&'a str> {
        let key = name.file_name()?.to_str()?.strip_prefix(&self.prefix)?;
        SessionKey::parse(key).map(|_| key)
    }

    /// The first `limit` keys after `after` in their order, and whether there are more. A folder may hold
    /// a million: only these are kept.
    fn keys(&self, after: &str, limit: usize) -> io::Result<(Vec<String>, bool)> {
        let (mut first, mut more) = (BinaryHeap::new(), false);
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let Some(key) = self.key_of(&path).filter(|key| *key > after) else { continue };
            if first.len() < limit {
                first.push(key.to_owned());
                continue;
            }
            more = true;
            if let Some(mut last) = first.peek_mut().filter(|last| key < last.as_str()) {
                *last = key.to_owned();
            }
        }
        Ok((first.into_sorted_vec(), more))
    }

    pub(super) fn count(&self) -> io::Result<u64> {
        let mut count = 0;
        for entry in fs::read_dir(&self.path)? {
            count += u64::from(self.key_of(&entry?.path()).is_some());
        }
        Ok(count)
    }

    /// Removes a batch of sessions; see `SessionStore::clear`.
    pub(super) fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> io::Result<Cleared> {
        // A panic cannot leave the iterator unsound.
        let mut sweep = self.sweep.lock().unwrap_or_else(PoisonError::into_inner);
        let left = sweep.take().filter(|sweep| from == Some(sweep.number.to_string().as_str()));
        let mut entries = match left {
            Some(sweep) => sweep.entries,
            // The first batch, or one whose sweep another clearing has replaced.
            None => fs::read_dir(&self.path)?,
        };
        let (mut removed, mut skipped) = (0, 0);
        for entry in entries.by_ref() {
            let path = entry?.path();
            let Some(key) = self.key_of(&path) else { continue };
            match self.remove_ended(key, before) {
                Ok(gone) => removed += u64::from(gone),
                Err(error) => {
                    skipped += 1;
                    let path = path.display();
                    tracing::warn!(target: "nuages.sessions", %error, "clearing skips {path}");
                }
            }
            if removed >= limit as u64 {
                let number = self.sweeps.fetch_add(1, Ordering::Relaxed);
                *sweep = Some(Sweep { number, entries });
                return Ok(Cleared::new(removed, Some(number.to_string())).skipping(skipped));
            }
        }
        Ok(Cleared::new(removed, None).skipping(skipped))
    }

    /// Removes the session if it has ended, and still has under its lock.
    fn remove_ended(&self, key: &str, before: Option<SystemTime>) -> io::Result<bool> {
        let ended = || -> io::Result<bool> {
            match before {
                None => Ok(true),
                Some(before) => match self.read(key)? {
                    Some(data) => Ok(unless_gone(self.ends(key, &data))?.is_some_and(|end| end < before)),
                    None => Ok(false),
                },
            }
        };
        if !ended()? {
            return Ok(false);
        }
        let _lock = self.lock_key(key)?;
        Ok(ended()? && self.remove(key)?)
    }

    /// A page of sessions; see `SessionStore::list`.
    pub(super) fn list(&self, after: &str, limit: usize) -> io::Result<(Vec<Listed>, Option<String>)> {
        let (keys, more) = self.keys(after, limit)?;
        let next = keys.last().filter(|_| more).cloned();
        let mut listed = Vec::with_capacity(keys.len());
        for key in keys {
            let record = match self.read(&key) {
                // A session that vanishes in between is not listed.
                Ok(None) => continue,
                Ok(Some(data)) => match unless_gone(self.ends(&key, &data))? {
                    None => continue,
                    Some(end) => Record::new(data, end),
                },
                Err(error) => {
                    let path = self.file(&key);
                    tracing::warn!(target: "nuages.sessions", %error, "cannot read {}", path.display());
                    Record::new("", None)
                }
            };
            listed.push(Listed::new(key, record));
        }
        Ok((listed, next))
    }
}

/// A written file that is not in its place yet. Dropped, it is removed.
struct Temporary(Option<PathBuf>);

impl Temporary {
    /// Moves it into its place, over a file that is there.
    fn put(mut self, place: &Path) -> io::Result<()> {
        if let Some(path) = &self.0 {
            fs::rename(path, place)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_file(&path)
        {
            let path = path.display();
            tracing::warn!(target: "nuages.sessions", %error, "cannot remove the half-written {path}");
        }
    }
}

/// The lock of a stripe.
pub(super) struct Lock {
    _file: File,
    stripe: usize,
}

/// `None` where another process has just removed the file.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Options for files that only we may read.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
