//! `manage.py`'s role for Nuages.

mod command;
mod project;

pub use command::{BoxFuture, Command, CommandError};
pub use project::Project;
