//! The `file` engine: one file a session, as `django/contrib/sessions/backends/file.py` keeps them.
//!
//! `<SESSION_FILE_PATH>/<SESSION_COOKIE_NAME><key>`, mode 0600, written beside and renamed into place.
//! Django locks nothing; here a swap holds one of 64 lock files, so that several processes may share the
//! folder. A session ends by its `_session_expiry`, else `SESSION_COOKIE_AGE` after the file's last change.

use std::{
    collections::BinaryHeap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::sessions::{
    codec::Codec,
    session::{ExpiryPolicy, Session},
    store::{Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
    stripe::stripe,
};
use crate::{BoxFuture, error::Unavailable};

const LOCKS: usize = 64;
/// How long a write waits for another process that holds its lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// A stored session larger than this is not one of ours.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Sessions as files of one folder.
#[derive(Clone)]
pub(crate) struct FileStore(Arc<Folder>);

struct Folder {
    path: PathBuf,
    /// `SESSION_COOKIE_NAME`: what the names of all session files begin with.
    prefix: String,
    codec: Codec,
    policy: Arc<ExpiryPolicy>,
    /// Where `clear` goes on: reading a large folder anew for each batch would take forever.
    sweep: Mutex<Option<fs::ReadDir>>,
    /// Whether what killed processes left half written has been removed.
    tidied: AtomicBool,
}

impl FileStore {
    pub(crate) fn new(path: PathBuf, prefix: String, codec: Codec, policy: Arc<ExpiryPolicy>) -> Self {
        let (sweep, tidied) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Folder { path, prefix, codec, policy, sweep, tidied }))
    }

    /// Runs blocking work on the folder.
    async fn run<T, F>(&self, action: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    {
        let folder = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        let done = done.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        done.map_err(|error| {
            // Nothing about a folder that cannot be used is the visitor's fault or a bug: 503.
            let what = format!("the session folder {}", self.0.path.display());
            StoreError::new(action, Unavailable::new(what, Some(error.into())))
        })
    }
}

impl Folder {
    fn file(&self, key: &str) -> PathBuf {
        self.path.join(format!("{}{key}", self.prefix))
    }

    fn lock_path(&self, stripe: usize, kind: &str) -> PathBuf {
        // Not of the prefix: Django's clearsessions takes every file that begins with it for a session.
        self.path.join(format!(".nuages-{}-{stripe:02}.{kind}", self.prefix))
    }

    fn stripe(key: &str) -> usize {
        stripe(key, LOCKS)
    }

    fn lock_file(&self, stripe: usize) -> io::Result<File> {
        options().create(true).truncate(false).open(self.lock_path(stripe, "lock"))
    }

    /// Waits for the lock of a stripe; it is let go when the file is dropped, or the process dies.
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

    fn read(&self, key: &str) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let Some(file) = unless_gone(File::open(self.file(key)))? else { return Ok(None) };
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
        // What is not text has no good signature either: the codec says so.
        Ok(Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into())))
    }

    /// Replaces the file of `key` in one step; the caller holds the lock.
    fn write(&self, lock: &Lock, key: &str, data: &str) -> io::Result<()> {
        if !self.tidied.swap(true, Ordering::Relaxed) {
            self.tidy()?;
        }
        let temporary = self.lock_path(lock.stripe, "tmp");
        let mut file = options().create(true).truncate(true).open(&temporary)?;
        let written = file.write_all(data.as_bytes()).and_then(|()| fs::rename(&temporary, self.file(key)));
        if written.is_err() {
            // A full disk: what was half written must not stay.
            fs::remove_file(&temporary)?;
        }
        written
    }

    /// Removes the temporary files of processes that were killed: there is one a lock, and whoever writes
    /// it holds the lock.
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

    fn remove(&self, key: &str) -> io::Result<bool> {
        Ok(unless_gone(fs::remove_file(self.file(key)))?.is_some())
    }

    /// The record of a file's text; what cannot be decoded ends by the file's age.
    fn record(&self, key: &str, data: String) -> io::Result<Record> {
        let expires = match self.codec.decode(&data) {
            Ok(decoded) => {
                let saved_at = decoded.saved_at;
                let mut session = Session::with_policy(self.policy.clone(), Default::default());
                session.fill(decoded);
                session.ends(saved_at)
            }
            Err(_) => fs::metadata(self.file(key))?.modified()? + self.policy.cookie_age,
        };
        Ok(Record { data, expires })
    }

    fn swap(&self, lock: &Lock, key: &str, expected: &str, new_key: &str, data: &str) -> io::Result<Swap> {
        match self.read(key)? {
            None => return Ok(Swap::Gone),
            Some(stored) if stored != expected => return Ok(Swap::Changed),
            Some(_) => {}
        }
        if new_key != key {
            // The move is one step: at no moment can both keys be loaded, or neither.
            fs::rename(self.file(key), self.file(new_key))?;
        }
        self.write(lock, new_key, data)?;
        Ok(Swap::Done)
    }

    /// The key in a file's name, if it is a session's.
    fn key_of<'a>(&self, name: &'a Path) -> Option<&'a str> {
        let key = name.file_name()?.to_str()?.strip_prefix(&self.prefix)?;
        crate::sessions::SessionKey::parse(key).map(|_| key)
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

    fn count(&self) -> io::Result<u64> {
        let mut count = 0;
        for entry in fs::read_dir(&self.path)? {
            count += u64::from(self.key_of(&entry?.path()).is_some());
        }
        Ok(count)
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> io::Result<u64> {
        // A panic cannot leave the iterator unsound.
        let mut sweep = self.sweep.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = match sweep.take() {
            Some(entries) => entries,
            None => fs::read_dir(&self.path)?,
        };
        let mut removed = 0;
        for entry in entries.by_ref() {
            let path = entry?.path();
            let Some(key) = self.key_of(&path) else { continue };
            let ended = match now {
                None => true,
                Some(now) => match self.read(key)? {
                    Some(data) => self.record(key, data).is_ok_and(|record| record.expires < now),
                    None => false,
                },
            };
            if ended && self.remove_ended(key, now)? {
                removed += 1;
                if removed >= limit {
                    *sweep = Some(entries);
                    break;
                }
            }
        }
        Ok(removed as u64)
    }

    /// Removes the session if, under its lock, it still has ended.
    fn remove_ended(&self, key: &str, now: Option<SystemTime>) -> io::Result<bool> {
        let _lock = self.lock(Self::stripe(key))?;
        let Some(data) = self.read(key)? else { return Ok(false) };
        match now {
            Some(now) if self.record(key, data)?.expires >= now => Ok(false),
            _ => self.remove(key),
        }
    }
}

/// The lock of a stripe.
struct Lock {
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

impl SessionStore for FileStore {
    fn promises(&self) -> Promises {
        Promises {
            durable: true,
            shared: true,
            revocable: true,
            compare_and_swap: true,
            self_clearing: false,
        }
    }

    fn load<'a>(&'a self, key: &'a str, now: SystemTime) -> BoxFuture<'a, StoreResult<Option<Record>>> {
        let key = key.to_owned();
        Box::pin(self.run("load", move |folder| {
            let Some(data) = folder.read(&key)? else { return Ok(None) };
            Ok(unless_gone(folder.record(&key, data))?.filter(|record| record.expires > now))
        }))
    }

    fn create<'a>(&'a self, key: &'a str, record: &'a Record) -> BoxFuture<'a, StoreResult<bool>> {
        let (key, data) = (key.to_owned(), record.data.clone());
        Box::pin(self.run("save", move |folder| {
            let lock = folder.lock(Folder::stripe(&key))?;
            if folder.file(&key).exists() {
                return Ok(false);
            }
            folder.write(&lock, &key, &data).map(|()| true)
        }))
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        record: &'a Record,
        _keep_expiry: bool,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        let (key, expected, data) = (key.to_owned(), expected.to_owned(), record.data.clone());
        Box::pin(self.run("save", move |folder| {
            let lock = folder.lock(Folder::stripe(&key))?;
            folder.swap(&lock, &key, &expected, &key, &data)
        }))
    }

    fn rename<'a>(
        &'a self,
        key: &'a str,
        expected: &'a str,
        new_key: &'a str,
        record: &'a Record,
    ) -> BoxFuture<'a, StoreResult<Swap>> {
        let (key, expected) = (key.to_owned(), expected.to_owned());
        let (new_key, data) = (new_key.to_owned(), record.data.clone());
        Box::pin(self.run("save", move |folder| {
            // The new key is fresh: nobody else knows it, so its own lock is not needed.
            let lock = folder.lock(Folder::stripe(&key))?;
            folder.swap(&lock, &key, &expected, &new_key, &data)
        }))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        let key = key.to_owned();
        Box::pin(self.run("delete", move |folder| {
            let _lock = folder.lock(Folder::stripe(&key))?;
            folder.remove(&key)
        }))
    }

    fn exists<'a>(&'a self, key: &'a str) -> BoxFuture<'a, StoreResult<bool>> {
        let key = key.to_owned();
        Box::pin(self.run("load", move |folder| folder.file(&key).try_exists()))
    }

    fn clear(&self, now: Option<SystemTime>, limit: usize) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(self.run("clear", move |folder| folder.clear(now, limit)))
    }

    fn count(&self, now: Option<SystemTime>) -> BoxFuture<'_, StoreResult<Option<u64>>> {
        Box::pin(self.run("count", move |folder| match now {
            // To tell ended ones, each file would have to be read: as long as clearing them.
            Some(_) => Ok(None),
            None => folder.count().map(Some),
        }))
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, StoreResult<(Vec<Listed>, Option<String>)>> {
        let after = cursor.unwrap_or_default().to_owned();
        // Each page reads the whole folder's names: few large pages.
        let limit = limit.max(20_000);
        Box::pin(self.run("list", move |folder| {
            let (keys, more) = folder.keys(&after, limit)?;
            let next = keys.last().filter(|_| more).cloned();
            let mut listed = Vec::with_capacity(keys.len());
            for key in keys {
                // What vanishes meanwhile is not listed.
                if let Some(data) = folder.read(&key)?
                    && let Some(record) = unless_gone(folder.record(&key, data))?
                {
                    listed.push(Listed { key, record });
                }
            }
            Ok((listed, next))
        }))
    }
}
