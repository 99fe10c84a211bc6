//! The trait that every command implements, the built-in ones and a project's own.

use clap::ArgMatches;
use nuages::BoxFuture;

use crate::{CommandError, Project};

/// A command of the command line, such as `migrate`.
///
/// A project adds its own with [`Manage::command`](crate::Manage::command).
///
/// # Examples
///
/// ```
/// use manage::{BoxFuture, Command, CommandError, Project, clap};
///
/// /// `cargo run -- countsessions --quiet`
/// struct CountSessions;
///
/// impl Command for CountSessions {
///     fn define(&self) -> clap::Command {
///         let quiet = clap::Arg::new("quiet").long("quiet").action(clap::ArgAction::SetTrue);
///         clap::Command::new("countsessions")
///             .about("Count the stored sessions")
///             .arg(quiet.help("Print the number only"))
///     }
///
///     fn run<'a>(
///         &'a self,
///         project: &'a Project,
///         args: &'a clap::ArgMatches,
///     ) -> BoxFuture<'a, Result<(), CommandError>> {
///         Box::pin(async move {
///             let engine = project.session_engine()?;
///             let count = engine.count().await;
///             let count = count.map_err(|error| CommandError::because("cannot count the sessions", error))?;
///             let Some(count) = count else {
///                 return Err(CommandError::new(format!("the engine {} cannot count", engine.name())));
///             };
///             if args.get_flag("quiet") {
///                 project.say(count);
///             } else {
///                 project.say(format_args!("{count} sessions are stored."));
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Command: Send + Sync {
    /// Returns the definition: the name, the help text and the arguments.
    fn define(&self) -> clap::Command;

    /// Runs the command for `project` with the arguments that the user gave.
    ///
    /// # Errors
    ///
    /// An error is printed on stderr with its causes and its hint; the exit code is then 1.
    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>>;
}
