//! The two commands that make projects, and their calls as errors show them.

/// The command that makes a project. Errors name a valid call of it.
#[derive(Clone, Copy)]
pub(crate) enum Maker {
    /// `manage startproject NAME [FOLDER]`
    StartProject,
    /// `manage quickstart NAME`
    QuickStart,
}

impl Maker {
    pub(super) fn call(self, name: &str) -> String {
        match self {
            Self::StartProject => format!("`manage startproject {name}`"),
            Self::QuickStart => format!("`manage quickstart {name}`"),
        }
    }

    /// The call that makes the project in `folder`, where the command takes one.
    pub(super) fn call_in(self, name: &str, folder: &str) -> Option<String> {
        match self {
            Self::StartProject => Some(format!("`manage startproject {name} {folder}`")),
            Self::QuickStart => None,
        }
    }
}
