//! The table of built-in commands. To add one, add its file and its row here.

use crate::Command;

mod check;
mod clearsessions;
mod completions;
mod confirm;
mod database;
mod dbshell;
mod diffsettings;
mod listen_address;
mod makemigration;
mod migrate;
mod quickstart;
mod routes;
mod runserver;
mod serve;
mod serving;
mod session_count;
mod sessions;
mod showmigrations;
mod skipped;
mod sqlmigrate;
mod startapp;
mod startproject;
mod test;
mod version;

pub(crate) use serve::WORKERS;

/// The headings under which `help` lists the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    NewProject,
    Server,
    Database,
    Sessions,
    Inspection,
    Project,
}

impl Group {
    pub(crate) const ALL: [Self; 6] =
        [Self::NewProject, Self::Server, Self::Database, Self::Sessions, Self::Inspection, Self::Project];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NewProject => "a new project or app",
            Self::Server => "server, checks and tests",
            Self::Database => "database",
            Self::Sessions => "sessions",
            Self::Inspection => "settings and tools",
            Self::Project => "this project",
        }
    }
}

/// A row of the table.
pub(crate) struct CommandEntry {
    pub(crate) group: Group,
    pub(crate) command: Box<dyn Command>,
    /// Whether the command, with these arguments, needs the project's URLs. The installed `manage` then runs the
    /// project's program.
    pub(crate) needs_app: fn(&clap::ArgMatches) -> bool,
    name: String,
}

impl CommandEntry {
    pub(crate) fn new(group: Group, command: impl Command + 'static) -> Self {
        let name = command.define().get_name().to_owned();
        Self { group, command: Box::new(command), needs_app: |_| false, name }
    }

    fn needs_app_if(mut self, needs: fn(&clap::ArgMatches) -> bool) -> Self {
        self.needs_app = needs;
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Returns the table.
pub(crate) fn entries() -> Vec<CommandEntry> {
    vec![
        CommandEntry::new(Group::NewProject, startproject::StartProject),
        CommandEntry::new(Group::NewProject, quickstart::QuickStart),
        CommandEntry::new(Group::NewProject, startapp::StartApp),
        CommandEntry::new(Group::Server, runserver::RunServer)
            // Else `manage` is the development server, which builds and runs that program.
            .needs_app_if(|args| args.get_flag("noreload")),
        CommandEntry::new(Group::Server, serve::Serve).needs_app_if(|_| true),
        CommandEntry::new(Group::Server, check::CheckProject).needs_app_if(|_| true),
        CommandEntry::new(Group::Server, routes::Routes).needs_app_if(|_| true),
        CommandEntry::new(Group::Server, test::Test),
        CommandEntry::new(Group::Database, migrate::Migrate),
        CommandEntry::new(Group::Database, showmigrations::ShowMigrations),
        CommandEntry::new(Group::Database, sqlmigrate::SqlMigrate),
        CommandEntry::new(Group::Database, makemigration::MakeMigration),
        CommandEntry::new(Group::Database, dbshell::DbShell),
        CommandEntry::new(Group::Sessions, clearsessions::ClearSessions),
        CommandEntry::new(Group::Sessions, sessions::Sessions),
        CommandEntry::new(Group::Inspection, diffsettings::DiffSettings),
        CommandEntry::new(Group::Inspection, completions::Completions),
        CommandEntry::new(Group::Inspection, version::Version),
    ]
}
