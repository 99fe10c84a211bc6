//! The project a command works on: where it lies, its settings (read once) and what it says.
//!
//! Made by `cli` from the global options; every command gets it, a project's own commands too.

use std::{
    env, fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use nuages::{
    App,
    sessions::{ENGINES, SessionEngine},
    settings::{Settings, SettingsErrors},
};

use crate::{CommandError, Style};

/// The file that makes a folder a project.
pub(crate) const SETTINGS_FILE: &str = "settings.toml";
/// The environment's way to name it.
pub(crate) const SETTINGS_VARIABLE: &str = "NUAGES_SETTINGS";

/// Builds the project's application from its settings.
pub(crate) type AppBuilder = Box<dyn Fn(Settings) -> App + Send + Sync>;

/// The options that every command has.
#[derive(Clone)]
pub(crate) struct Globals {
    /// `--settings` or `NUAGES_SETTINGS`; none = to be looked for.
    pub(crate) settings_file: Option<PathBuf>,
    /// False after `--no-color`.
    pub(crate) colors: bool,
    pub(crate) verbosity: u8,
}

/// The project a command works on.
pub struct Project {
    globals: Globals,
    settings: OnceLock<Settings>,
    app: Option<AppBuilder>,
    command_line: clap::Command,
}

impl Project {
    pub(crate) fn new(globals: Globals, app: Option<AppBuilder>, command_line: clap::Command) -> Self {
        Self { globals, settings: OnceLock::new(), app, command_line }
    }

    /// Its settings, read at the first call.
    ///
    /// # Errors
    ///
    /// Where there is no settings file, and where it has mistakes: then all of them are listed.
    pub fn settings(&self) -> Result<&Settings, CommandError> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let file = self.settings_file()?;
        let settings = Settings::load(&file)
            .map_err(|errors| CommandError::because(format!("{} cannot be used", file.display()), errors))?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The settings file: the one that was named, else the `settings.toml` of this folder or of the
    /// nearest one above it.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn settings_file(&self) -> Result<PathBuf, CommandError> {
        if let Some(file) = &self.globals.settings_file {
            if file.is_file() {
                return Ok(file.clone());
            }
            return Err(CommandError::new(format!("no settings file {}", file.display()))
                .hint("name an existing one with --settings or NUAGES_SETTINGS"));
        }
        let here = current_dir()?;
        match here.ancestors().map(|folder| folder.join(SETTINGS_FILE)).find(|file| file.is_file()) {
            Some(file) => Ok(file.strip_prefix(&here).map(Path::to_owned).unwrap_or(file)),
            None => Err(CommandError::new(format!("no {SETTINGS_FILE} here"))
                .hint("run `manage startproject mysite` and `cd mysite`, or name a file with --settings")),
        }
    }

    /// Its application.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be read, and in the installed `manage`, which knows no project's URLs.
    pub fn app(&self) -> Result<App, CommandError> {
        let build = self.app.as_ref().ok_or_else(|| {
            CommandError::new("the installed `manage` does not know this project's URLs")
                .hint("ask the project's own program: `cargo run -- <command>`")
        })?;
        Ok(build(self.settings()?.clone()))
    }

    /// Its application, with nothing wrong with it.
    ///
    /// # Errors
    ///
    /// As [`Project::app`], and where [`App::check`] finds mistakes: all of them.
    pub fn checked_app(&self) -> Result<App, CommandError> {
        let app = self.app()?;
        app.check().map_err(|errors| self.unusable(errors))?;
        Ok(app)
    }

    /// Its session engine: the application's, or in the installed `manage` the one that the settings name.
    ///
    /// # Errors
    ///
    /// Where settings are wrong, and where the installed `manage` meets an engine of the project's own.
    pub fn session_engine(&self) -> Result<SessionEngine, CommandError> {
        if self.app.is_some() {
            return self.app()?.sessions().map_err(|errors| self.unusable(errors));
        }
        let settings = self.settings()?;
        SessionEngine::from_settings(settings).map_err(|errors| {
            let error = self.unusable(errors);
            let known = ENGINES.contains(&settings.session.engine.as_str());
            if known {
                error
            } else {
                error.hint(
                    "an engine of the project's own is known to its own program: `cargo run -- <command>`",
                )
            }
        })
    }

    /// The error that lists mistakes in the settings.
    pub(crate) fn unusable(&self, errors: SettingsErrors) -> CommandError {
        let file = self.settings_file().unwrap_or_else(|_| SETTINGS_FILE.into());
        CommandError::because(format!("{} cannot be used", file.display()), errors)
    }

    /// Another project, whose settings file this is, for a command that has just written it.
    pub(crate) fn beside(&self, settings_file: PathBuf) -> Self {
        let globals = Globals { settings_file: Some(settings_file), ..self.globals.clone() };
        Self::new(globals, None, self.command_line.clone())
    }

    /// The definition of the whole command line.
    pub(crate) fn command_line(&self) -> &clap::Command {
        &self.command_line
    }

    /// The palette for what is said on stdout.
    pub fn style(&self) -> Style {
        if self.globals.colors { Style::of(&io::stdout()) } else { Style::plain() }
    }

    /// The palette for what is said on stderr.
    pub(crate) fn error_style(&self) -> Style {
        if self.globals.colors { Style::of(&io::stderr()) } else { Style::plain() }
    }

    /// How much to say: 0 nothing but the result, 1 as usual, 2 and 3 more.
    pub fn verbosity(&self) -> u8 {
        self.globals.verbosity
    }

    /// Writes a line to stdout. A reader that has gone away (`| head`) is no error.
    pub fn say(&self, line: impl fmt::Display) {
        self.write(format_args!("{line}\n"));
    }

    /// Writes to stdout without ending the line, and shows it at once.
    pub fn write(&self, text: impl fmt::Display) {
        let mut out = io::stdout().lock();
        // Nobody is left to be told of it: whoever read stdout has closed it.
        let _ = write!(out, "{text}").and_then(|()| out.flush());
    }
}

/// The current folder.
pub(crate) fn current_dir() -> Result<PathBuf, CommandError> {
    env::current_dir().map_err(|error| CommandError::because("the current folder cannot be read", error))
}
