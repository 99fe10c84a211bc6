//! The arguments that several subcommands of `sessions` share.

use clap::{Arg, ArgAction};

/// `KEY`, for `show` and `revoke`.
pub(super) fn key_argument() -> Arg {
    Arg::new("key").value_name("KEY").help("A session's key, or enough of its beginning to be unambiguous")
}

/// `--user ID`, for `list` and `revoke`.
pub(super) fn user_argument(help: &'static str) -> Arg {
    Arg::new("user").long("user").value_name("ID").help(help)
}

/// `--json`.
pub(super) fn json_argument(help: &'static str) -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help(help)
}
