//! Going through the session folder: counting, listing, clearing. All of it blocks.
//!
//! An entry that cannot be read is skipped and counted. The log names the folder alone: the name of a file
//! holds a key.

use std::{
    collections::BinaryHeap,
    fs, io,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use super::folder::{Folder, SessionFile};
use crate::sessions::store::{Cleared, Listed, Record};

/// How many clearings can be under way in one process.
const MAX_SWEEPS: usize = 4;

/// The clearings of the folder that are under way. Each goes on where it stopped: to read a large folder anew
/// for each batch would take forever.
#[derive(Default)]
pub(super) struct Sweeps(Mutex<State>);

#[derive(Default)]
struct State {
    /// The newest last.
    open: Vec<Sweep>,
    count: u64,
}

struct Sweep {
    /// The `next` of its last batch.
    number: u64,
    entries: fs::ReadDir,
}

impl Sweeps {
    /// Removes a batch of sessions; see `SessionStore::clear`.
    pub(super) fn clear(
        &self,
        folder: &Folder,
        before: Option<SystemTime>,
        from: Option<&str>,
        limit: usize,
    ) -> io::Result<Cleared> {
        let mut entries = match from.and_then(|number| self.take(number)) {
            Some(entries) => entries,
            // The first batch, or one whose clearing stopped long ago.
            None => fs::read_dir(&folder.path)?,
        };
        let (mut removed, mut skipped) = (0, Skipped::default());
        for entry in entries.by_ref() {
            let name = entry?.file_name();
            let Some(key) = name.to_str().and_then(|name| folder.key_of(name)) else { continue };
            match remove_ended(folder, key, before) {
                Ok(gone) => removed += u64::from(gone),
                Err(error) => skipped.add(error),
            }
            if removed >= limit as u64 {
                let next = self.keep(entries).to_string();
                return Ok(Cleared::new(removed, Some(next)).skipping(skipped.report(folder)));
            }
        }
        Ok(Cleared::new(removed, None).skipping(skipped.report(folder)))
    }

    fn take(&self, number: &str) -> Option<fs::ReadDir> {
        // A panic cannot leave the list unsound.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = state.open.iter().position(|sweep| sweep.number.to_string() == number)?;
        Some(state.open.remove(place).entries)
    }

    fn keep(&self, entries: fs::ReadDir) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        let number = state.count;
        if state.open.len() == MAX_SWEEPS {
            state.open.remove(0);
        }
        state.open.push(Sweep { number, entries });
        number
    }
}

/// Removes the session if it has ended, and still has under its lock.
fn remove_ended(folder: &Folder, key: &str, before: Option<SystemTime>) -> io::Result<bool> {
    let ended = || match before {
        None => Ok(true),
        Some(before) => match folder.read(key)? {
            SessionFile::Session { text, modified } => Ok(folder.ends(&text, modified) < before),
            SessionFile::Nothing => Ok(false),
            SessionFile::Foreign(error) => Err(error),
        },
    };
    if !ended()? {
        return Ok(false);
    }
    let _lock = folder.lock(key)?;
    Ok(ended()? && folder.remove(key)?)
}

pub(super) fn count(folder: &Folder) -> io::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(&folder.path)? {
        count += u64::from(entry?.file_name().to_str().is_some_and(|name| folder.key_of(name).is_some()));
    }
    Ok(count)
}

/// A page of sessions; see `SessionStore::list`.
pub(super) fn list(folder: &Folder, after: &str, limit: usize) -> io::Result<(Vec<Listed>, Option<String>)> {
    let (keys, more) = keys(folder, after, limit)?;
    let next = keys.last().filter(|_| more).cloned();
    let (mut listed, mut skipped) = (Vec::with_capacity(keys.len()), Skipped::default());
    for key in keys {
        let record = match folder.read(&key) {
            // A session that vanishes in between is not listed.
            Ok(SessionFile::Nothing) => continue,
            Ok(SessionFile::Session { text, modified }) => {
                let end = folder.ends(&text, modified);
                Record::new(text, end)
            }
            Ok(SessionFile::Foreign(error)) | Err(error) => {
                skipped.add(error);
                Record::new("", None)
            }
        };
        listed.push(Listed::new(key, record));
    }
    skipped.report(folder);
    Ok((listed, next))
}

/// The first `limit` keys after `after` in their order, and whether there are more. A folder may hold a
/// million: only these are kept.
fn keys(folder: &Folder, after: &str, limit: usize) -> io::Result<(Vec<String>, bool)> {
    let (mut first, mut more) = (BinaryHeap::new(), false);
    for entry in fs::read_dir(&folder.path)? {
        let name = entry?.file_name();
        let key = name.to_str().and_then(|name| folder.key_of(name)).filter(|key| *key > after);
        let Some(key) = key else { continue };
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

/// The entries that could not be read.
#[derive(Default)]
struct Skipped {
    count: u64,
    first: Option<io::Error>,
}

impl Skipped {
    fn add(&mut self, error: io::Error) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    /// Logs them in one line and returns how many they are.
    fn report(self, folder: &Folder) -> u64 {
        if let Some(error) = self.first {
            let (count, path) = (self.count, folder.path.display());
            tracing::warn!(target: "nuages.sessions", %error, "{count} files in {path} cannot be read: skipped");
        }
        self.count
    }
}
