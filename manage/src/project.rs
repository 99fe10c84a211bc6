//! The project that a command works on: its settings, read once, its application and its output.
//!
//! `cli` makes it from the global options. Every command gets it, a project's own commands too.

use std::{
    env, fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use nuages::{
    App,
    sessions::{ENGINES, SessionEngine},
    settings::{Settings, SettingsErrors, SystemCheck},
};

use crate::{CommandError, Style, logging, mistakes, output::Output};

/// The file that makes a folder a project.
pub(crate) const SETTINGS_FILE: &str = "settings.toml";
/// The environment variable that names the settings file.
pub(crate) const SETTINGS_VARIABLE: &str = "NUAGES_SETTINGS";

/// Builds the project's application from its settings.
pub(crate) type AppBuilder = Box<dyn Fn(Settings) -> App + Send + Sync>;

/// The options that every command has.
#[derive(Clone)]
pub(crate) struct Globals {
    /// From `--settings` or `NUAGES_SETTINGS`. `None`: search this folder and those above it.
    pub(crate) settings_file: Option<PathBuf>,
    /// False after `--no-color`.
    pub(crate) colors: bool,
    pub(crate) verbosity: u8,
}

/// The project that a command works on, and the output of the command.
///
/// # Examples
///
/// ```
/// use manage::{CommandError, Project};
///
/// fn describe(project: &Project) -> Result<(), CommandError> {
///     let settings = project.settings()?;
///     if settings.debug && project.verbosity() > 0 {
///         project.say(project.style().warning("DEBUG is on."));
///     }
///     project.say(format_args!("Sessions are kept in {}.", settings.session.engine));
///     Ok(())
/// }
/// ```
pub struct Project {
    globals: Globals,
    settings: OnceLock<Settings>,
    app: Option<AppBuilder>,
    command_line: clap::Command,
    output: Arc<Output>,
}

impl Project {
    pub(crate) fn new(globals: Globals, app: Option<AppBuilder>, command_line: clap::Command) -> Self {
        Self { globals, settings: OnceLock::new(), app, command_line, output: Arc::default() }
    }

    /// Returns the settings. The first call reads them.
    ///
    /// # Errors
    ///
    /// Where there is no settings file, and where it has mistakes: the error lists all of them.
    pub fn settings(&self) -> Result<&Settings, CommandError> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let file = self.settings_file()?;
        let settings = Settings::load(&file)
            .map_err(|errors| CommandError::because(format!("{} cannot be used", file.display()), errors))?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// Returns the settings file: the one that `--settings` or `NUAGES_SETTINGS` names, else the
    /// `settings.toml` of this folder or of the nearest one above it.
    ///
    /// # Errors
    ///
    /// Where there is no such file.
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

    /// Returns the settings file that `--settings` or `NUAGES_SETTINGS` names.
    pub(crate) fn named_settings_file(&self) -> Option<&Path> {
        self.globals.settings_file.as_deref()
    }

    /// Returns whether this is a project's own program, which knows its URLs.
    pub(crate) fn has_app(&self) -> bool {
        self.app.is_some()
    }

    /// Returns whether colours are allowed: there is no `--no-color`.
    pub(crate) fn has_colors(&self) -> bool {
        self.globals.colors
    }

    /// Builds the application.
    ///
    /// # Errors
    ///
    /// Where the settings are wrong, and in the installed `manage`, which knows no project's URLs.
    pub fn app(&self) -> Result<App, CommandError> {
        let build = self.app.as_ref().ok_or_else(|| {
            CommandError::new("the installed `manage` does not know this project's URLs")
                .hint("run the project's own program: `cargo run -- <command>`")
        })?;
        Ok(build(self.settings()?.clone()))
    }

    /// Builds the application and checks it.
    ///
    /// # Errors
    ///
    /// As [`Project::app`], and where [`App::check`] finds mistakes: the error lists all of them.
    pub fn checked_app(&self) -> Result<App, CommandError> {
        self.check_app().map(|(app, _)| app)
    }

    /// Builds the application, checks it, and prints what is odd about it on stderr. Returns how much that was.
    pub(crate) fn check_app(&self) -> Result<(App, usize), CommandError> {
        let (app, found) = self.app_and_findings()?;
        let style = self.error_style();
        for finding in &found {
            // A closed stderr cannot show the line.
            let _ = writeln!(io::stderr(), "{}", style.warning(finding));
        }
        Ok((app, found.len()))
    }

    /// Builds the application and checks it. Returns what is odd about it.
    pub(crate) fn app_and_findings(&self) -> Result<(App, Vec<SystemCheck>), CommandError> {
        let app = self.app()?;
        let (checked, logged) = logging::collecting_warnings(|| app.check());
        checked.map_err(|errors| self.unusable(errors))?;
        let mut found = app.system_checks().map_err(|errors| self.unusable(errors))?;
        found.extend(logged.into_iter().map(|warning| SystemCheck::warning("nuages.W005", warning)));
        found.retain(|check| !app.settings().is_silenced(&check.id));
        Ok((app, found))
    }

    /// Prints the result of a check, as Django does.
    pub(crate) fn say_checked(&self, warnings: usize) {
        self.say(match warnings {
            0 => "System check identified no issues.".to_owned(),
            1 => "System check identified 1 issue.".to_owned(),
            _ => format!("System check identified {warnings} issues."),
        });
    }

    /// Opens the session engine: the application's, or in the installed `manage` the one that the settings
    /// name.
    ///
    /// # Errors
    ///
    /// Where settings are wrong, and in the installed `manage` if the engine is the project's own.
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
                error
                    .hint("for an engine of the project's own, run its own program: `cargo run -- <command>`")
            }
        })
    }

    /// Returns the error that lists mistakes in settings, URL patterns and templates.
    pub(crate) fn unusable(&self, errors: SettingsErrors) -> CommandError {
        let file = self.settings_file().unwrap_or_else(|_| SETTINGS_FILE.into());
        mistakes::unusable(&file, errors)
    }

    /// Returns the project of another settings file, for a command that has just written it.
    pub(crate) fn with_settings_file(&self, settings_file: PathBuf) -> Self {
        let globals = Globals { settings_file: Some(settings_file), ..self.globals.clone() };
        let output = Arc::clone(&self.output);
        Self { output, ..Self::new(globals, None, self.command_line.clone()) }
    }

    /// Returns the definition of the whole command line.
    pub(crate) fn command_line(&self) -> &clap::Command {
        &self.command_line
    }

    /// Returns the colours for stdout.
    pub fn style(&self) -> Style {
        if self.globals.colors { Style::of(&io::stdout()) } else { Style::plain() }
    }

    /// Returns the colours for stderr.
    pub(crate) fn error_style(&self) -> Style {
        if self.globals.colors { Style::of(&io::stderr()) } else { Style::plain() }
    }

    /// Returns how much to print: 0 only results, 1 the default, 2 and 3 more.
    pub fn verbosity(&self) -> u8 {
        self.globals.verbosity
    }

    /// Prints a line on stdout.
    ///
    /// A closed pipe (`| head`) is not an error. After any other failure, such as a full disk, nothing more is
    /// printed; when the command has ended, the failure is reported and the exit code is 1.
    pub fn say(&self, line: impl fmt::Display) {
        self.write(format_args!("{line}\n"));
    }

    /// Prints text on stdout without a line break, and flushes it. Failures are handled as in
    /// [`Project::say`].
    pub fn write(&self, text: impl fmt::Display) {
        self.output.write(format_args!("{text}"));
    }

    /// Returns the stdout of the command.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }
}

/// Returns the current folder.
pub(crate) fn current_dir() -> Result<PathBuf, CommandError> {
    env::current_dir().map_err(|error| CommandError::because("the current folder cannot be read", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nuages::{http::Request, urls::path};

    /// A project with one URL pattern, and its folder.
    fn project(pattern: &'static str) -> (Project, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(SETTINGS_FILE);
        let settings = "SECRET_KEY = \"x\"\nDEBUG = true\nSESSION_ENGINE = \"signed_cookies\"\n";
        std::fs::write(&file, settings).expect("written");
        let globals = Globals { settings_file: Some(file), colors: false, verbosity: 1 };
        let view = |_: &mut Request| "";
        let app = move |settings| App::new(settings).urls(vec![path(pattern, view)]);
        (Project::new(globals, Some(Box::new(app)), clap::Command::new("manage")), folder)
    }

    #[test]
    fn a_check_counts_the_warnings_about_urls() {
        let (project, _folder) = project("/slash/");
        let (_, warnings) = project.check_app().expect("a sound application");
        assert_eq!(warnings, 1);
    }

    #[test]
    fn a_wrong_url_pattern_is_no_mistake_in_the_settings_file() {
        let (project, _folder) = project("<integer:year>/");
        let Err(error) = project.checked_app() else { panic!("a mistake") };
        let error = error.with_causes();
        let expected = "the URL patterns cannot be used: URL pattern \"<integer:year>/\": ";
        assert!(error.starts_with(expected), "{error}");
    }
}
