//! `FILE_UPLOAD_TEMP_DIR` and `MEDIA_*`: where uploaded files are stored, and where development serves them.

use std::path::{Path, PathBuf};

use super::{checks::Checks, reader::Reader, values::Fallback::Unset};

/// Where uploaded files are stored, and where they are served under `DEBUG`.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
/// use std::path::Path;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nMEDIA_ROOT = \"media\"\nMEDIA_URL = \"media/\"";
/// let settings = Settings::from_toml(text, "/srv/mysite".as_ref())?;
/// assert_eq!(settings.uploads.media_root.as_deref(), Some(Path::new("/srv/mysite/media")));
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadSettings {
    /// `FILE_UPLOAD_TEMP_DIR`. Default: the system's folder for temporary files.
    pub temp_dir: PathBuf,
    /// `MEDIA_ROOT`.
    pub media_root: Option<PathBuf>,
    /// `MEDIA_URL`.
    pub media_url: Option<String>,
}

impl UploadSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>, base_dir: &Path) -> Self {
        let reader = reader.area("uploads");
        let within = |path: PathBuf| base_dir.join(path);
        Self {
            temp_dir: reader.maybe_path("FILE_UPLOAD_TEMP_DIR", Unset("the system's folder for temporary files"), "The folder of files that are being uploaded. They are removed when their request ends.").map_or_else(std::env::temp_dir, within),
            media_root: reader.maybe_path("MEDIA_ROOT", Unset("none"), "The folder of files that visitors have uploaded.").map(within),
            media_url: reader.maybe_text("MEDIA_URL", Unset("none"), "The URL below which the files in `MEDIA_ROOT` are served under `DEBUG`. It ends with a slash."),
        }
    }

    /// Finds the mistakes that only show when values are compared.
    pub(super) fn check(&self, static_url: &str, checks: &mut Checks<'_>) {
        let Some(url) = &self.media_url else { return };
        if !url.ends_with('/') {
            checks.error("MEDIA_URL", "expected a slash at the end");
        } else if url.trim_matches('/') == static_url.trim_matches('/') {
            checks.error("MEDIA_URL", "STATIC_URL has the same value: static files would be hidden");
        }
        if self.media_root.is_none() {
            let hint = "write MEDIA_ROOT = \"media\", or remove MEDIA_URL";
            checks.error_with_hint("MEDIA_URL", "does nothing without MEDIA_ROOT", hint);
        }
    }
}
