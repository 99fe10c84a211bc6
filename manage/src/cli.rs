//! The command line: reads the arguments, runs one command, returns the exit code. Called by `main`, and by
//! a project's `main` through [`run`](crate::run).
//!
//! Exit codes: 0 for success, 1 if the command failed (its message and hint are on stderr), 2 for wrong usage.

use std::{
    env,
    ffi::OsString,
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{
    Arg, ArgAction, ArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    value_parser,
};

use crate::{
    Command, CommandError, Project, Style, VERSION,
    commands::{self, CommandEntry, Group},
    delegate, django_commands,
    output::Output,
    project::{AppBuilder, Globals, SETTINGS_VARIABLE},
};

/// The command line of a project: the built-in commands and the project's own.
///
/// # Examples
///
/// ```no_run
/// use manage::{BoxFuture, Command, CommandError, Manage, Project, clap};
///
/// struct Greet;
///
/// impl Command for Greet {
///     fn define(&self) -> clap::Command {
///         clap::Command::new("greet").about("Says hello")
///     }
///     fn run<'a>(
///         &'a self,
///         project: &'a Project,
///         _args: &'a clap::ArgMatches,
///     ) -> BoxFuture<'a, Result<(), CommandError>> {
///         Box::pin(async move {
///             project.say("Hello.");
///             Ok(())
///         })
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     Manage::new(|settings| nuages::App::new(settings)).command(Greet).run()
/// }
/// ```
#[must_use = "nothing happens until `run`"]
pub struct Manage {
    app: Option<AppBuilder>,
    entries: Vec<CommandEntry>,
}

impl Manage {
    /// Creates the command line of a project. `app` builds the application from the settings.
    pub fn new<F>(app: F) -> Self
    where
        F: Fn(nuages::settings::Settings) -> nuages::App + Send + Sync + 'static,
    {
        Self { app: Some(Box::new(app)), entries: commands::entries() }
    }

    /// Creates the command line of the installed `manage`. It knows no project's URLs, so commands that need
    /// them run the project's own program.
    pub fn installed() -> Self {
        Self { app: None, entries: commands::entries() }
    }

    /// Adds a command. It replaces a built-in command of the same name, as in Django.
    pub fn command(mut self, command: impl Command + 'static) -> Self {
        let entry = CommandEntry::new(Group::Project, command);
        self.entries.retain(|known| known.name() != entry.name());
        self.entries.push(entry);
        self
    }

    /// Runs the command that the arguments of the process name, and returns the exit code.
    pub fn run(self) -> ExitCode {
        self.run_from(env::args_os())
    }

    /// Runs the command that `args` name, and returns the exit code. The first of `args` is the program.
    pub fn run_from(self, args: impl IntoIterator<Item = OsString>) -> ExitCode {
        let args: Vec<OsString> = args.into_iter().collect();
        let definition = self.define(args.first());
        match definition.clone().try_get_matches_from(&args) {
            Ok(matches) => {
                let colors = !matches.get_flag("no-color");
                let result = self.dispatch(definition, &matches, &args);
                result.unwrap_or_else(|error| report(&error, colors))
            }
            Err(error) => self.without_command(&error, &args),
        }
    }

    fn dispatch(
        self,
        definition: clap::Command,
        matches: &ArgMatches,
        args: &[OsString],
    ) -> Result<ExitCode, CommandError> {
        let unknown = || CommandError::new("no command was named");
        let (name, arguments) = matches.subcommand().ok_or_else(unknown)?;
        let entry = self.entries.iter().find(|entry| entry.name() == name).ok_or_else(unknown)?;
        let named = env::var_os(SETTINGS_VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from);
        let settings_file = matches.get_one::<PathBuf>("settings").cloned().or(named);
        if self.app.is_none() && (entry.needs_app)(arguments) {
            return delegate::to_project(settings_file.as_deref(), &args[1..]);
        }
        let colors = !matches.get_flag("no-color");
        let verbosity = matches.get_one("verbosity").copied().unwrap_or(1);
        let project = Project::new(Globals { settings_file, colors, verbosity }, self.app, definition);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if let Ok(Some(workers)) = arguments.try_get_one::<u16>(commands::WORKERS) {
            runtime.worker_threads(usize::from(*workers));
        }
        let runtime = runtime
            .enable_all()
            .build()
            .map_err(|error| CommandError::because("the asynchronous runtime cannot start", error))?;
        let result = runtime.block_on(entry.command.run(&project, arguments));
        // Dropping the runtime would wait for a view or a task that blocks its thread, however long that takes.
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        result?;
        project.output().check()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Handles arguments that clap matches to no command: help and version (exit code 0), a project's own
    /// command given to the installed `manage` (the project's program runs it), and wrong usage (exit code 2).
    fn without_command(&self, error: &clap::Error, args: &[OsString]) -> ExitCode {
        match error.kind() {
            ErrorKind::InvalidSubcommand if self.app.is_none() && delegate::inside_project() => {
                delegate::to_project(None, &args[1..]).unwrap_or_else(|error| report(&error, true))
            }
            ErrorKind::InvalidSubcommand if let Some(error) = django_command(error) => {
                report(&error, true);
                ExitCode::from(WRONG_USAGE)
            }
            ErrorKind::DisplayVersion => print(format_args!("{VERSION}\n")),
            ErrorKind::DisplayHelp if Style::of(&io::stdout()).is_colored() => {
                print(format_args!("{}", error.render().ansi()))
            }
            ErrorKind::DisplayHelp => print(format_args!("{}", error.render())),
            _ => {
                // A closed stderr cannot show the error; the exit code still does.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USAGE))
            }
        }
    }

    fn define(&self, program: Option<&OsString>) -> clap::Command {
        let stem = program.map(Path::new).and_then(Path::file_stem);
        let program = stem.map_or_else(|| "manage".to_owned(), |stem| stem.to_string_lossy().into_owned());
        clap::Command::new("manage")
            .bin_name(program.clone())
            .version(VERSION)
            .about("The command line of Nuages projects, in the role of Django's manage.py.")
            .help_template(self.help_template(&program))
            .disable_version_flag(true)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .arg(Arg::new("version").long("version").action(ArgAction::Version).help("Print the version"))
            .arg(
                Arg::new("settings")
                    .long("settings")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .global(true)
                    .display_order(LAST)
                    .help(
                        "The settings file [default: settings.toml in this folder or the nearest above it]",
                    ),
            )
            .arg(
                Arg::new("no-color")
                    .long("no-color")
                    .action(ArgAction::SetTrue)
                    .global(true)
                    .display_order(LAST)
                    .help("Print without colours, as NO_COLOR in the environment does"),
            )
            .arg(
                Arg::new("verbosity")
                    .short('v')
                    .long("verbosity")
                    .value_name("LEVEL")
                    .value_parser(value_parser!(u8).range(0..=3))
                    .global(true)
                    .display_order(LAST)
                    .help("How much to print: 0 only results and errors, 1 the default, 2 or 3 more"),
            )
            .subcommands(self.entries.iter().map(|entry| entry.command.define()))
    }

    /// Returns the help text, which lists the commands by group as `manage.py help` does.
    fn help_template(&self, program: &str) -> String {
        let mut text = format!(
            "{{about}}\n\n{{usage-heading}} {{usage}}\n\n\
             Type '{program} help <command>' for help on one command.\n\nCommands:\n"
        );
        for group in Group::ALL {
            let of_group: Vec<&CommandEntry> =
                self.entries.iter().filter(|entry| entry.group == group).collect();
            if !of_group.is_empty() {
                text += &format!("\n[{}]\n", group.title());
            }
            for entry in of_group {
                let about = entry.command.define().get_about().map(ToString::to_string);
                text += &format!("    {:<15} {}\n", entry.name(), about.unwrap_or_default());
            }
        }
        text + "\nOptions:\n{options}\n"
    }
}

/// The display order of the options that every command has: after the command's own.
const LAST: usize = 900;

const WRONG_USAGE: u8 = 2;
/// How long threads that a command has left blocked may take before the process ends without them.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// Returns the error for a command of Django's that Nuages does not have, if that is what the user named.
fn django_command(error: &clap::Error) -> Option<CommandError> {
    match error.get(ContextKind::InvalidSubcommand)? {
        ContextValue::String(name) => django_commands::error_for(name),
        _ => None,
    }
}

/// Prints the text on stdout. The exit code is 0 unless it cannot be written.
fn print(text: fmt::Arguments<'_>) -> ExitCode {
    let output = Output::default();
    output.write(text);
    output.check().map_or_else(|error| report(&error, true), |()| ExitCode::SUCCESS)
}

/// Prints the error on stderr: the message, its causes and the hint.
fn report(error: &CommandError, colors: bool) -> ExitCode {
    let style = if colors { Style::of(&io::stderr()) } else { Style::plain() };
    let mut text = format!("{} {}\n", style.error("error:"), error.with_causes());
    if let Some(hint) = error.hint_text() {
        text += &format!("{} {hint}\n", style.success("hint:"));
    }
    // A closed stderr cannot show the error; the exit code still does.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::FAILURE
}
