//! A file system of a test's own, small enough to fill: a tmpfs, mounted by root.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::Command,
};

use tempfile::TempDir;

/// A small disk, unmounted at the end.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// # Panics
    ///
    /// Where this user may not mount: the faults cannot be injected then, and that must not pass unseen.
    pub fn new(size: &str) -> Self {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        disk.run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        disk
    }

    pub fn remount(&self, how: &str) {
        self.run("mount", &["-o", &format!("remount,{how}")]);
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut file = File::create(self.path().join("filler")).expect("creates");
        let mut piece = vec![b'x'; 64 * 1024];
        while piece.len() > 1 {
            while file.write_all(&piece).is_ok() {}
            piece.truncate(piece.len() / 2);
        }
    }

    /// Gives that room back.
    pub fn empty(&self) {
        fs::remove_file(self.path().join("filler")).expect("removes");
    }

    fn run(&self, program: &str, args: &[&str]) {
        let status = Command::new(program).args(args).arg(self.path()).status().expect("mount is installed");
        assert!(status.success(), "this test mounts a small file system, which needs root");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whether it worked shows when the folder is removed.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
