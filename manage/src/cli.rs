//! The command line: argv -> one command -> exit code. Called by `main`, and by a project's `main` through
//! [`run`](crate::run).
//!
//! Exit codes: 0 done; 1 the command failed (its message and hint are on stderr); 2 wrong usage.

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, error::ErrorKind, value_parser};

use crate::{
    Command, CommandError, Project, Style,
    commands::{self, Entry, Group},
    delegate,
    project::{AppBuilder, Globals, SETTINGS_VARIABLE},
};

/// The command line: the built-in commands and a project's own.
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
    entries: Vec<Entry>,
}

impl Manage {
    /// The command line of a project: `app` builds its application from its settings.
    pub fn new<F>(app: F) -> Self
    where
        F: Fn(nuages::settings::Settings) -> nuages::App + Send + Sync + 'static,
    {
        Self { app: Some(Box::new(app)), entries: commands::entries() }
    }

    /// The command line of the installed `manage`, which knows no project's URLs: what needs them is left
    /// to the project's own program.
    pub fn installed() -> Self {
        Self { app: None, entries: commands::entries() }
    }

    /// Adds a command. One with the name of a built-in command takes its place, as in Django.
    pub fn command(mut self, command: impl Command + 'static) -> Self {
        let entry = Entry::new(Group::Project, command);
        self.entries.retain(|known| known.name() != entry.name());
        self.entries.push(entry);
        self
    }

    /// Runs the command that the arguments of the process name.
    pub fn run(self) -> ExitCode {
        self.run_from(env::args_os())
    }

    /// Runs the command that `args` name; the first of them is the program.
    pub fn run_from(self, args: impl IntoIterator<Item = OsString>) -> ExitCode {
        let args: Vec<OsString> = args.into_iter().collect();
        let definition = self.define(args.first());
        match definition.clone().try_get_matches_from(&args) {
            Ok(matches) => {
                let painted = !matches.get_flag("no-color");
                let outcome = self.dispatch(definition, &matches, &args);
                outcome.unwrap_or_else(|error| report(&error, painted))
            }
            Err(error) => self.not_understood(&error, &args),
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
        if self.app.is_none() && entry.needs_app {
            return delegate::to_project(settings_file.as_deref(), &args[1..]);
        }
        let colors = !matches.get_flag("no-color");
        let verbosity = matches.get_one("verbosity").copied().unwrap_or(1);
        let project = Project::new(Globals { settings_file, colors, verbosity }, self.app, definition);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::because("the asynchronous runtime cannot start", error))?;
        runtime.block_on(entry.command.run(&project, arguments))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What clap could not match: help and version (exit code 0), a project's own command as the installed
    /// `manage` sees it (the project's program knows it), or wrong usage (exit code 2).
    fn not_understood(&self, error: &clap::Error, args: &[OsString]) -> ExitCode {
        match error.kind() {
            ErrorKind::InvalidSubcommand if self.app.is_none() && delegate::inside_project() => {
                delegate::to_project(None, &args[1..]).unwrap_or_else(|error| report(&error, true))
            }
            ErrorKind::DisplayVersion => {
                // A reader that has gone away is no error.
                let _ = writeln!(io::stdout(), "{}", crate::VERSION);
                ExitCode::SUCCESS
            }
            _ => {
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
        }
    }

    fn define(&self, program: Option<&OsString>) -> clap::Command {
        let stem = program.map(Path::new).and_then(Path::file_stem);
        let program = stem.map_or_else(|| "manage".to_owned(), |stem| stem.to_string_lossy().into_owned());
        clap::Command::new("manage")
            .bin_name(program.clone())
            .version(crate::VERSION)
            .about("The command line of Nuages projects: manage.py's role.")
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
                    .help("The settings file [default: the settings.toml of this folder or one above it]"),
            )
            .arg(
                Arg::new("no-color")
                    .long("no-color")
                    .action(ArgAction::SetTrue)
                    .global(true)
                    .display_order(LAST)
                    .help("Print without colours (as with NO_COLOR in the environment)"),
            )
            .arg(
                Arg::new("verbosity")
                    .short('v')
                    .long("verbosity")
                    .value_name("LEVEL")
                    .value_parser(value_parser!(u8).range(0..=3))
                    .global(true)
                    .display_order(LAST)
                    .help("How much to print: 0 the result only, 1 as usual, 2 or 3 more"),
            )
            .subcommands(self.entries.iter().map(|entry| entry.command.define()))
    }

    /// The commands by group, as `manage.py help` lists them.
    fn help_template(&self, program: &str) -> String {
        let mut text = format!(
            "{{about}}\n\n{{usage-heading}} {{usage}}\n\n\
             Type '{program} help <command>' for help on one command.\n\nCommands:\n"
        );
        for group in Group::ALL {
            let of_group: Vec<&Entry> = self.entries.iter().filter(|entry| entry.group == group).collect();
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

/// Where the options of every command stand in a command's help: after its own.
const LAST: usize = 900;

/// Tells on stderr why a command failed: the message, its causes, and the way out.
fn report(error: &CommandError, colors: bool) -> ExitCode {
    let style = if colors { Style::of(&io::stderr()) } else { Style::plain() };
    let mut text = format!("{} {}\n", style.error("error:"), error.with_causes());
    if let Some(hint) = error.hint_text() {
        text += &format!("{} {hint}\n", style.success("hint:"));
    }
    // Where stderr is closed there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::FAILURE
}
