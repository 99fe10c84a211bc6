//! The `file` engine: one file a session, as `django/contrib/sessions/backends/file.py` keeps them.
//!
//! `<SESSION_FILE_PATH>/<SESSION_COOKIE_NAME><key>`, mode 0600, written beside and renamed into place.
//! Django locks nothing; here a swap holds one of 64 lock files, so that several processes may share the
//! folder. A session ends by its `_session_expiry`, else `SESSION_COOKIE_AGE` after it was last saved.

mod folder;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(crate) use self::folder::EndReader;
use self::folder::Folder;
use crate::{
    error::Unavailable,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// Sessions as files of one folder.
#[derive(Clone)]
pub(crate) struct FileStore(Arc<Folder>);

impl FileStore {
    pub(crate) fn new(path: PathBuf, prefix: String, cookie_age: Duration, end_of: EndReader) -> Self {
        Self(Arc::new(Folder::new(path, prefix, cookie_age, end_of)))
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
            // A folder that cannot be used is neither the visitor's fault nor a bug: 503.
            let what = format!("the session folder {}", self.0.path.display());
            StoreError::new(action, Unavailable::new(what, Some(error.into())))
        })
    }
}

impl SessionStore for FileStore {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, _now: SystemTime) -> StoreResult<Option<Record>> {
        let key = key.to_owned();
        // No moment is kept beside the data: the session engine reads the end from them.
        self.run("load", move |folder| Ok(folder.read(&key)?.map(|data| Record::new(data, None)))).await
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let (key, data) = (key.to_owned(), new.data.clone());
        self.run("save", move |folder| {
            let lock = folder.lock_key(&key)?;
            if folder.file(&key).try_exists()? {
                return Ok(false);
            }
            folder.write(&lock, &key, &data).map(|()| true)
        })
        .await
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let (key, expected, data) = (key.to_owned(), expected.data.clone(), new.data.clone());
        self.run("save", move |folder| {
            let lock = folder.lock_key(&key)?;
            folder.swap(&lock, (&key, &expected), (&key, &data))
        })
        .await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let (key, expected) = (key.to_owned(), expected.data.clone());
        let (new_key, data) = (new_key.to_owned(), new.data.clone());
        self.run("save", move |folder| {
            // The new key is fresh: no other request knows it, so its own lock is not needed.
            let lock = folder.lock_key(&key)?;
            folder.swap(&lock, (&key, &expected), (&new_key, &data))
        })
        .await
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        self.run("delete", move |folder| {
            let _lock = folder.lock_key(&key)?;
            folder.remove(&key)
        })
        .await
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        self.run("load", move |folder| folder.file(&key).try_exists()).await
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        let from = from.map(str::to_owned);
        self.run("clear", move |folder| folder.clear(before, from.as_deref(), limit)).await
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        self.run("count", move |folder| match before {
            // To find those that ended, each file would have to be read: as long as clearing them.
            Some(_) => Ok(None),
            None => folder.count().map(Some),
        })
        .await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let after = from.unwrap_or_default().to_owned();
        // Each page reads the whole folder's names: few large pages.
        let limit = limit.max(20_000);
        self.run("list", move |folder| folder.list(&after, limit)).await
    }
}
