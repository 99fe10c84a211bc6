//! `startapp`: writes the files of a new app into the project.

use clap::{Arg, ArgMatches};

use crate::{BoxFuture, Command, CommandError, Project, delegate, scaffold::AppScaffold};

/// `manage startapp blog`.
pub(crate) struct StartApp;

impl Command for StartApp {
    fn define(&self) -> clap::Command {
        clap::Command::new("startapp")
            .about("Write the files of a new app into this project")
            .arg(
                Arg::new("name")
                    .value_name("NAME")
                    .required(true)
                    .help("The app's name, which the Rust module and the folder of templates get"),
            )
            .after_help(
                "The app gets src/NAME/ with URLs, views and tests, and templates/NAME/. No file is ever overwritten.\n\n\
                 Example:\n  manage startapp blog",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let app = args.get_one::<String>("name").map_or("", String::as_str);
            let manifest = delegate::manifest(project.settings_file().ok().as_deref())?;
            let folder = manifest.parent().unwrap_or(&manifest);
            AppScaffold::plan(folder, app)?.write()?;
            if project.verbosity() > 0 {
                project.say(format_args!("The app {app} is in src/{app} and templates/{app}. Next:"));
                project.say(format_args!("    src/main.rs: mod {app};"));
                project.say(format_args!(
                    "    src/urls.rs: nuages::urls::include(\"{app}/\", crate::{app}::urls::urlpatterns()).namespace(\"{app}\"),"
                ));
            }
            Ok(())
        })
    }
}
