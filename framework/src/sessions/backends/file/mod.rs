//! The `file` engine: one file a session, as `django/contrib/sessions/backends/file.py` keeps them.
//!
//! `<SESSION_FILE_PATH>/<SESSION_COOKIE_NAME><key>`, mode 0600, written elsewhere and renamed into place.
//! Django locks nothing. Here a swap holds one of 64 lock files, so that several processes of one user may
//! share the folder; locks and half-written files are in a folder of that user alone. A session ends by its
//! `_session_expiry`, else `SESSION_COOKIE_AGE` after it was last saved.

mod folder;
mod private;
mod sweep;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(crate) use self::folder::{EndReader, FolderError};
use self::{
    folder::{Folder, SessionFile},
    sweep::Sweeps,
};
use crate::{
    error::Unavailable,
    log_once::LogOnce,
    sessions::store::{Cleared, Listed, Promises, Record, SessionStore, StoreError, StoreResult, Swap},
};

/// Sessions as files of one folder.
#[derive(Clone)]
pub(crate) struct FileStore(Arc<State>);

struct State {
    folder: Folder,
    sweeps: Sweeps,
    /// The keys of the files of which the log has said that they cannot be read.
    unreadable: LogOnce,
}

impl FileStore {
    pub(crate) fn new(
        path: PathBuf,
        prefix: String,
        cookie_age: Duration,
        end_of: EndReader,
    ) -> Result<Self, FolderError> {
        let folder = Folder::new(path, prefix, cookie_age, end_of)?;
        Ok(Self(Arc::new(State { folder, sweeps: Sweeps::default(), unreadable: LogOnce::default() })))
    }

    /// Runs blocking work on the folder.
    async fn run<T, F>(&self, action: &'static str, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&State) -> io::Result<T> + Send + 'static,
    {
        let state = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&state)).await;
        let done = done.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        done.map_err(|error| {
            // A folder that cannot be used is neither the visitor's fault nor a bug: 503.
            let what = format!("the session folder {}", self.0.folder.path.display());
            StoreError::new(action, Unavailable::new(what, Some(error.into())))
        })
    }
}

impl SessionStore for FileStore {
    fn promises(&self) -> Promises {
        Promises::none().durable().shared().revocable().compare_and_swap()
    }

    async fn load(&self, key: &str, _now: SystemTime) -> StoreResult<Option<Record>> {
        let name = key.to_owned();
        match self.run("load", move |state| state.folder.read(&name)).await? {
            // No moment is kept beside the data: the session engine reads the end from them.
            SessionFile::Session { text, .. } => Ok(Some(Record::new(text, None))),
            SessionFile::Nothing => Ok(None),
            SessionFile::Foreign(error) => {
                if self.0.unreadable.is_first(key) {
                    let path = self.0.folder.path.display();
                    tracing::warn!(
                        target: "nuages.sessions",
                        %error,
                        "a session file in {path} cannot be read: the session is empty (logged once)"
                    );
                }
                Ok(None)
            }
        }
    }

    async fn create(&self, key: &str, new: &Record) -> StoreResult<bool> {
        let (key, data) = (key.to_owned(), new.data.clone());
        self.run("save", move |state| {
            let lock = state.folder.lock(&key)?;
            if state.folder.exists(&key)? {
                return Ok(false);
            }
            state.folder.create(&lock, &key, &data).map(|()| true)
        })
        .await
    }

    async fn replace(&self, key: &str, expected: &Record, new: &Record) -> StoreResult<Swap> {
        let (key, expected, data) = (key.to_owned(), expected.data.clone(), new.data.clone());
        self.run("save", move |state| {
            let lock = state.folder.lock(&key)?;
            state.folder.swap(&lock, (&key, &expected), (&key, &data))
        })
        .await
    }

    async fn rename(&self, key: &str, expected: &Record, new_key: &str, new: &Record) -> StoreResult<Swap> {
        let (key, expected) = (key.to_owned(), expected.data.clone());
        let (new_key, data) = (new_key.to_owned(), new.data.clone());
        self.run("save", move |state| {
            // The new key is fresh: no other request knows it, so its own lock is not needed.
            let lock = state.folder.lock(&key)?;
            state.folder.swap(&lock, (&key, &expected), (&new_key, &data))
        })
        .await
    }

    async fn delete(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        self.run("delete", move |state| {
            let _lock = state.folder.lock(&key)?;
            state.folder.remove(&key)
        })
        .await
    }

    async fn exists(&self, key: &str) -> StoreResult<bool> {
        let key = key.to_owned();
        self.run("load", move |state| state.folder.exists(&key)).await
    }

    async fn clear(
        &self,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> StoreResult<Cleared> {
        let from = from.map(str::to_owned);
        self.run("clear", move |state| state.sweeps.clear(&state.folder, before, from.as_deref(), limit))
            .await
    }

    async fn count(&self, before: Option<SystemTime>) -> StoreResult<Option<u64>> {
        self.run("count", move |state| match before {
            // To find those that ended, each file would have to be read: as long as clearing them.
            Some(_) => Ok(None),
            None => sweep::count(&state.folder).map(Some),
        })
        .await
    }

    async fn list(&self, from: Option<&str>, limit: usize) -> StoreResult<(Vec<Listed>, Option<String>)> {
        let after = from.unwrap_or_default().to_owned();
        // Each page reads the whole folder's names: few large pages.
        let limit = limit.max(20_000);
        self.run("list", move |state| sweep::list(&state.folder, &after, limit)).await
    }
}
