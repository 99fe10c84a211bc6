//! A folder that only this user can use, inside the session folder: locks, and files that are being written.
//!
//! The session folder may be one that every user can write to, such as the system's temporary folder. Names
//! that others could guess there would let them plant links and files of their own.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{crypto::random_text, sessions::stripe::stripe};

const LOCKS: usize = 64;
/// How long a write waits for another process that holds its lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The private folder of each user who keeps sessions in one session folder: `.nuages-<user id>`, mode 0700.
pub(super) struct PrivateFolder {
    session_folder: PathBuf,
    /// The user of this process.
    user: OnceLock<u32>,
    /// Whether half-written files of killed processes have been removed.
    tidied: AtomicBool,
}

/// The lock of a stripe. Other processes get it when this is dropped, or the process dies.
pub(super) struct Lock {
    /// `None` where root works on the sessions of a user who holds no locks yet.
    _file: Option<File>,
    stripe: usize,
}

/// A written file that is not in its place yet. Dropped, it is removed.
pub(super) struct Temporary(Option<PathBuf>);

impl PrivateFolder {
    pub(super) fn new(session_folder: PathBuf) -> Self {
        Self { session_folder, user: OnceLock::new(), tidied: AtomicBool::new(false) }
    }

    /// Waits for the lock of a key. `owner` is the user whose session it is, if it is stored already: root may
    /// work on the sessions of others, and then takes the lock that their processes take.
    pub(super) fn lock(&self, key: &str, owner: Option<u32>) -> io::Result<Lock> {
        let (stripe, user) = (stripe(key, LOCKS), self.user()?);
        let file = match owner {
            Some(owner) if user == 0 && owner != user => self.lock_file_of(owner, stripe)?,
            _ => Some(self.lock_file(stripe)?),
        };
        let deadline = Instant::now() + LOCK_TIMEOUT;
        while let Some(file) = &file {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_micros(300));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Lock { _file: file, stripe })
    }

    /// Writes a file that can be put into its place in one step.
    pub(super) fn write(&self, lock: &Lock, data: &str) -> io::Result<Temporary> {
        if !self.tidied.swap(true, Ordering::Relaxed) {
            self.tidy()?;
        }
        let path = self.folder()?.join(format!("{:02}-{}.tmp", lock.stripe, random_text(20, LETTERS)));
        let mut file = only_for_us(OpenOptions::new().write(true).create_new(true)).open(&path)?;
        let temporary = Temporary(Some(path));
        file.write_all(data.as_bytes())?;
        Ok(temporary)
    }

    /// Removes the half-written files of killed processes. The writer of such a file holds the lock whose
    /// number it begins with.
    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.folder()?)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.ends_with(".tmp")) else { continue };
            let stripe = name.split('-').next().and_then(|number| number.parse().ok());
            let Some(stripe) = stripe.filter(|stripe| *stripe < LOCKS) else { continue };
            // Held while the file is removed: another thread may begin to write just now.
            let lock = self.lock_file(stripe)?;
            if lock.try_lock().is_ok() {
                unless_gone(fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    fn lock_file(&self, stripe: usize) -> io::Result<File> {
        let path = self.folder()?.join(format!("{stripe:02}.lock"));
        only_for_us(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
    }

    /// The lock file of another user, for root. Files that root made there would lock the user out.
    fn lock_file_of(&self, owner: u32, stripe: usize) -> io::Result<Option<File>> {
        let folder = self.path_of(owner);
        match unless_gone(fs::symlink_metadata(&folder))? {
            None => Ok(None),
            Some(found) => {
                check(&folder, &found, owner)?;
                let path = folder.join(format!("{stripe:02}.lock"));
                unless_gone(only_for_us(OpenOptions::new().read(true)).open(path))
            }
        }
    }

    fn path_of(&self, user: u32) -> PathBuf {
        // Not after the cookie: Django's clearsessions takes every name that begins with the cookie's for a
        // session.
        self.session_folder.join(format!(".nuages-{user}"))
    }

    /// The folder of this user, made where it is not there.
    fn folder(&self) -> io::Result<PathBuf> {
        let user = self.user()?;
        let path = self.path_of(user);
        let found = match unless_gone(fs::symlink_metadata(&path))? {
            Some(found) => found,
            None => {
                match private_builder().create(&path) {
                    // Another process has just made it.
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    _ => fs::symlink_metadata(&path)?,
                }
            }
        };
        check(&path, &found, user)?;
        Ok(path)
    }

    /// The user of this process: the owner of the files that it makes.
    fn user(&self) -> io::Result<u32> {
        if let Some(user) = self.user.get() {
            return Ok(*user);
        }
        let path = self.session_folder.join(format!(".nuages-{}.tmp", random_text(20, LETTERS)));
        let file = only_for_us(OpenOptions::new().write(true).create_new(true)).open(&path)?;
        let temporary = Temporary(Some(path));
        let user = owner(&file.metadata()?);
        drop(temporary);
        Ok(*self.user.get_or_init(|| user))
    }
}

impl Temporary {
    /// Moves the file into its place, over one that is there.
    pub(super) fn put(mut self, place: &Path) -> io::Result<()> {
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
            tracing::warn!(target: "nuages.sessions", %error, "cannot remove the temporary file {path}");
        }
    }
}

/// `None` where another process has just removed the file.
pub(super) fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Options for files that only this user may read, that are never opened through a link, and that never block
/// (a FIFO would).
pub(super) fn only_for_us(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options
}

fn private_builder() -> DirBuilder {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// The user whose file it is.
#[cfg(unix)]
pub(super) fn owner(file: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(file)
}

#[cfg(not(unix))]
pub(super) fn owner(_: &fs::Metadata) -> u32 {
    0
}

/// Whether users other than the owner have any of these rights.
#[cfg(unix)]
pub(super) fn others_may(file: &fs::Metadata, rights: u32) -> bool {
    std::os::unix::fs::MetadataExt::mode(file) & rights != 0
}

#[cfg(not(unix))]
pub(super) fn others_may(_: &fs::Metadata, _: u32) -> bool {
    false
}

/// Checks that the folder is this user's alone.
fn check(path: &Path, found: &fs::Metadata, user: u32) -> io::Result<()> {
    if found.is_dir() && owner(found) == user && !others_may(found, 0o077) {
        return Ok(());
    }
    let message = format!(
        "{} is not a folder that only user {user} can use: remove it, or set SESSION_FILE_PATH to a folder \
         that only this user can write to",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
