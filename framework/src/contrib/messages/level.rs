//! The levels of messages.

/// How much a message matters (`django/contrib/messages/constants.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 10; below Django's default `MESSAGE_LEVEL`, so it is not kept.
    Debug = 10,
    /// 20
    Info = 20,
    /// 25
    Success = 25,
    /// 30
    Warning = 30,
    /// 40
    Error = 40,
}

impl Level {
    /// `success`, as Django's `level_tag`: a class for the style sheet.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    pub(super) fn of(number: i64) -> Self {
        match number {
            ..20 => Self::Debug,
            20..25 => Self::Info,
            25..30 => Self::Success,
            30..40 => Self::Warning,
            40.. => Self::Error,
        }
    }
}
