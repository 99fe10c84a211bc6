//! Hands a command to the project's own program: the installed `manage` does so with what needs the
//! project's URLs or is a command of its own. Builds it first, through `cargo run`.
//!
//! On Unix this process becomes cargo, which becomes the program: signals reach it, and no process is left.

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

const MANIFEST: &str = "Cargo.toml";
/// A project's program depends on this crate.
const OUR_NAME: &str = env!("CARGO_PKG_NAME");

/// Whether the current folder lies in a project whose program can be asked.
pub(crate) fn inside_project() -> bool {
    current_dir().is_ok_and(|here| manifest_of(&here).is_some())
}

/// Runs the project's program with these arguments and becomes it.
///
/// # Errors
///
/// Where there is no project, or no cargo.
pub(crate) fn to_project(settings: Option<&Path>, args: &[OsString]) -> Result<ExitCode, CommandError> {
    let here = current_dir()?;
    let beside_settings = || settings.and_then(|file| manifest_of(here.join(file).parent()?));
    let Some(manifest) = manifest_of(&here).or_else(beside_settings) else {
        return Err(CommandError::new(format!(
            "no project here: neither this folder nor one above it holds \
             a {SETTINGS_FILE} and a {MANIFEST} that depends on {OUR_NAME}"
        ))
        .hint("run `manage startproject mysite` and `cd mysite`"));
    };
    let mut cargo = cargo();
    cargo.arg("run").arg("--manifest-path").arg(&manifest);
    if !std::io::stderr().is_terminal() {
        cargo.arg("--quiet");
    }
    cargo.arg("--").args(args);
    become_process(cargo)
}

/// Cargo: the one that started this process, if one did, else the one in `PATH`. What it tells programs
/// about their own package is not handed on to the build of another.
pub(crate) fn cargo() -> process::Command {
    let mut cargo = process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let about_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(about_us)) {
        cargo.env_remove(name);
    }
    cargo
}

/// Becomes that program; returns only where the system cannot do that, or cannot start it.
pub(crate) fn become_process(mut command: process::Command) -> Result<ExitCode, CommandError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error| {
        CommandError::because(format!("{name} cannot be run"), error)
            .hint("Rust's cargo builds the project: https://rustup.rs installs it")
    };
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

/// The manifest of the project around `folder`: the nearest folder with both files, if its package depends
/// on this crate.
fn manifest_of(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| folder.join(SETTINGS_FILE).is_file() && folder.join(MANIFEST).is_file();
    let manifest = folder.ancestors().find(is_root)?.join(MANIFEST);
    let text = std::fs::read_to_string(&manifest).ok()?;
    let table: toml::Table = text.parse().ok()?;
    table.get("dependencies")?.get(OUR_NAME).is_some().then_some(manifest)
}
