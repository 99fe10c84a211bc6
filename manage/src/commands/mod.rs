//! The table of built-in commands: to add one, add its file and its row.

use crate::Command;

mod check;
mod clearsessions;
mod completions;
mod diffsettings;
mod migrate;
mod quickstart;
mod runserver;
mod sessions;
mod showmigrations;
mod startproject;
mod version;

/// What `help` lists together.
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
            Self::NewProject => "a new project",
            Self::Server => "server",
            Self::Database => "database",
            Self::Sessions => "sessions",
            Self::Inspection => "settings and tools",
            Self::Project => "this project",
        }
    }
}

/// A row of the table.
pub(crate) struct Entry {
    pub(crate) group: Group,
    pub(crate) command: Box<dyn Command>,
    /// Whether it needs the project's URLs: then the installed `manage` leaves it to the project's program.
    pub(crate) needs_app: bool,
    name: String,
}

impl Entry {
    pub(crate) fn new(group: Group, command: impl Command + 'static) -> Self {
        let name = command.define().get_name().to_owned();
        Self { group, command: Box::new(command), needs_app: false, name }
    }

    fn needs_app(mut self) -> Self {
        self.needs_app = true;
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The table.
pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::new(Group::NewProject, startproject::StartProject),
        Entry::new(Group::NewProject, quickstart::QuickStart),
        Entry::new(Group::Server, runserver::RunServer).needs_app(),
        Entry::new(Group::Server, check::Check).needs_app(),
        Entry::new(Group::Database, migrate::Migrate),
        Entry::new(Group::Database, showmigrations::ShowMigrations),
        Entry::new(Group::Sessions, clearsessions::ClearSessions),
        Entry::new(Group::Sessions, sessions::Sessions),
        Entry::new(Group::Inspection, diffsettings::DiffSettings),
        Entry::new(Group::Inspection, completions::Completions),
        Entry::new(Group::Inspection, version::Version),
    ]
}
