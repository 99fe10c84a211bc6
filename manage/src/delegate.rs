//! Runs the project's own program, for commands that need the project's URLs and for the project's own
//! commands. `cargo run` builds it first. Only the installed `manage` does this.
//!
//! On Unix this process becomes cargo, which becomes the program: it gets the signals, and no parent remains.

use std::{
    env,
    ffi::OsString,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::{self, ExitCode},
};

use crate::{
    CommandError,
    project::{SETTINGS_FILE, current_dir},
};

/// The file that makes a folder a package.
pub(crate) const MANIFEST: &str = "Cargo.toml";
/// The name of this crate, which a project depends on.
const CRATE_NAME: &str = env!("CARGO_PKG_NAME");

/// Returns whether the current folder lies in a project.
pub(crate) fn inside_project() -> bool {
    current_dir().is_ok_and(|here| manifest_of(&here).is_some())
}

/// The hint for a cargo that cannot be run.
pub(crate) const CARGO_HINT: &str = "cargo builds the project; https://rustup.rs installs it";

/// Becomes the project's program, with these arguments.
///
/// # Errors
///
/// Where there is no project, or cargo cannot be run.
pub(crate) fn to_project(settings: Option<&Path>, args: &[OsString]) -> Result<ExitCode, CommandError> {
    let mut cargo = cargo();
    cargo.arg("run").arg("--manifest-path").arg(manifest(settings)?);
    if !std::io::stderr().is_terminal() {
        cargo.arg("--quiet");
    }
    cargo.arg("--").args(args);
    become_process(cargo, CARGO_HINT)
}

/// Returns the Cargo.toml of the project that the current folder lies in, or that has these settings.
///
/// # Errors
///
/// Where there is no project.
pub(crate) fn manifest(settings: Option<&Path>) -> Result<PathBuf, CommandError> {
    find_manifest(settings)?.ok_or_else(|| {
        CommandError::new(format!(
            "no project here: neither this folder nor one above it has \
             a {SETTINGS_FILE} and a {MANIFEST} that depends on {CRATE_NAME}"
        ))
        .hint("run `manage startproject mysite` and `cd mysite`")
    })
}

/// Returns the same, or `None` where there is no project.
///
/// # Errors
///
/// Where the current folder cannot be read.
pub(crate) fn find_manifest(settings: Option<&Path>) -> Result<Option<PathBuf>, CommandError> {
    let here = current_dir()?;
    let beside_settings = || settings.and_then(|file| manifest_of(here.join(file).parent()?));
    Ok(manifest_of(&here).or_else(beside_settings))
}

/// Returns the cargo that started this process, else the one in `PATH`. The variables in which cargo
/// describes the package of a program are removed: they would be wrong in the build of another.
pub(crate) fn cargo() -> process::Command {
    let mut cargo = process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let describes_package =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(describes_package)) {
        cargo.env_remove(name);
    }
    cargo
}

/// Becomes that program. On Unix it returns only if the program cannot be started; the hint says how to
/// install it.
pub(crate) fn become_process(mut command: process::Command, hint: &str) -> Result<ExitCode, CommandError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error| CommandError::because(format!("{name} cannot be run"), error).hint(hint);
    #[cfg(unix)]
    return Err(failed(std::os::unix::process::CommandExt::exec(&mut command)));
    #[cfg(not(unix))]
    {
        // The console sends Ctrl-C to the child as well; its exit code becomes ours.
        let status = command.status().map_err(failed)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

/// Returns the Cargo.toml of the project that `folder` lies in: of the nearest folder that has a
/// settings.toml too, if the package depends on this crate.
fn manifest_of(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| folder.join(SETTINGS_FILE).is_file() && folder.join(MANIFEST).is_file();
    let manifest = folder.ancestors().find(is_root)?.join(MANIFEST);
    let text = std::fs::read_to_string(&manifest).ok()?;
    let table: toml::Table = text.parse().ok()?;
    table.get("dependencies")?.get(CRATE_NAME).is_some().then_some(manifest)
}
