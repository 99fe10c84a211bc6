//! Runs `cargo build` in a process group of its own. Dropping the future ends cargo and its compilers.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use super::{
    message::{self, CargoMessage},
    progress,
};
use crate::{
    delegate,
    dev_server::{
        cargo_project::CargoProject,
        fault::{Diagnostic, Fault},
        group::ProcessGroup,
        state::DevSite,
    },
};

/// How much of cargo's text is kept.
const MAX_TEXT: usize = 64 << 10;

/// A finished build.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// When cargo was started: files that were modified later may not be in the program.
    pub(crate) begun: SystemTime,
    pub(crate) took: Duration,
    pub(crate) result: Result<Built, Fault>,
    pub(crate) warnings: Vec<Arc<Diagnostic>>,
}

/// A program that was built.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) program: PathBuf,
}

/// Builds the project. The progress goes to `site`.
pub(crate) async fn build(project: Arc<CargoProject>, site: Arc<DevSite>) -> Outcome {
    let (begun, clock) = (SystemTime::now(), Instant::now());
    site.progress.send_modify(|progress| progress.since = Some(clock));
    let mut diagnostics = Vec::new();
    let result = run(&project, &site, &mut diagnostics).await;
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(|found| found.is_error);
    let result =
        result.map_err(|text| if errors.is_empty() { Fault::Cargo(text) } else { Fault::Compile(errors) });
    Outcome { begun, took: clock.elapsed(), result, warnings }
}

/// Returns cargo's text as the error.
async fn run(
    project: &CargoProject,
    site: &DevSite,
    diagnostics: &mut Vec<Arc<Diagnostic>>,
) -> Result<Built, String> {
    let mut cargo = tokio::process::Command::from(delegate::cargo());
    cargo.arg("build").arg("--manifest-path").arg(&project.manifest);
    cargo.args(["--message-format", "json-diagnostic-rendered-ansi"]).args(&project.profile);
    if let Some(name) = &project.default_run {
        cargo.args(["--bin", name]);
    }
    cargo.env("CARGO_TERM_COLOR", "always");
    cargo.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "120");
    cargo.current_dir(&project.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let unusable = |error| format!("cargo cannot be run: {error}\n\nhttps://rustup.rs installs it.\n");
    let (mut child, _group) = ProcessGroup::spawn(&mut cargo).map_err(unusable)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("cargo has no output".to_owned());
    };
    let mut programs = Vec::new();
    let mut text = String::new();
    tokio::join!(read_messages(stdout, &mut programs, diagnostics), read_text(stderr, site, &mut text));
    let status = child.wait().await.map_err(|error| format!("cargo cannot be waited for: {error}\n"))?;
    if !status.success() {
        return Err(text);
    }
    choose(project, programs)
}

/// Returns the program to run, as `cargo run` chooses it.
fn choose(project: &CargoProject, mut programs: Vec<(String, PathBuf)>) -> Result<Built, String> {
    let names: Vec<String> = programs.iter().map(|(name, _)| name.clone()).collect();
    let wanted = project.default_run.as_ref().unwrap_or(&project.name);
    let place = match programs.len() {
        0 => return Err("The package has no program: it needs src/main.rs.\n".to_owned()),
        1 => Some(0),
        _ => names.iter().position(|name| name == wanted),
    };
    match place {
        Some(place) => Ok(Built { program: programs.swap_remove(place).1 }),
        None => Err(format!(
            "The package has several programs: {}.\nName the one to run in Cargo.toml:\n\n    \
             [package]\n    default-run = \"{}\"\n",
            names.join(", "),
            names.first().map_or("", String::as_str)
        )),
    }
}

async fn read_messages(
    stdout: impl AsyncRead + Unpin,
    programs: &mut Vec<(String, PathBuf)>,
    diagnostics: &mut Vec<Arc<Diagnostic>>,
) {
    let mut lines = BufReader::new(stdout).lines();
    // An error ends the reading as the end of the stream does: cargo's exit status says the rest.
    while let Ok(Some(line)) = lines.next_line().await {
        match message::read(&line) {
            Some(CargoMessage::Program { name, executable }) => programs.push((name, executable)),
            Some(CargoMessage::Diagnostic(found)) => diagnostics.push(found),
            None => {}
        }
    }
}

/// Reads cargo's text, in which a bar of progress is followed by a carriage return.
async fn read_text(mut stderr: impl AsyncRead + Unpin, site: &DevSite, text: &mut String) {
    let mut waiting = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stderr.read(&mut buffer).await.unwrap_or(0);
        waiting.extend_from_slice(&buffer[..read]);
        while let Some(end) = waiting.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let rest = waiting.split_off(end + 1);
            let line = std::mem::replace(&mut waiting, rest);
            take_line(&String::from_utf8_lossy(&line), site, text);
        }
        if read == 0 {
            take_line(&String::from_utf8_lossy(&waiting), site, text);
            return;
        }
    }
}

fn take_line(line: &str, site: &DevSite, text: &mut String) {
    let mut progress = site.progress.borrow().clone();
    if progress::read(line, &mut progress) && text.len() < MAX_TEXT {
        text.push_str(line.trim_end_matches(['\n', '\r']));
        text.push('\n');
    }
    site.progress.send_replace(progress);
}
