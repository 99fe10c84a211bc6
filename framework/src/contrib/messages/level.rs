//! The levels of messages.

/// The level of a message (`django/contrib/messages/constants.py`).
///
/// Functions that take a level also take a number, for a level of the project: `MESSAGE_TAGS` names it.
///
/// # Examples
///
/// ```
/// use nuages::contrib::messages::Level;
///
/// assert_eq!(Level::Success as i64, 25);
/// assert_eq!(Level::Success.tag(), "success");
/// assert!(Level::Success < Level::Warning);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 10: below the default `MESSAGE_LEVEL`, so such a message is not kept.
    Debug = 10,
    /// 20: for the visitor's information.
    Info = 20,
    /// 25: an action was successful.
    Success = 25,
    /// 30: an action may have failed, or is about to.
    Warning = 30,
    /// 40: an action failed.
    Error = 40,
}

impl Level {
    /// The name of the level in lower case, such as `success`: the level's tag unless `MESSAGE_TAGS` names
    /// another.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<Level> for i64 {
    fn from(level: Level) -> Self {
        level as Self
    }
}
