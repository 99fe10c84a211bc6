//! The limit on open files: each connection needs one.
//!
//! Many systems start a process with a soft limit of 256 or 1,024 that it may raise itself. `accept` calls
//! this once, before it accepts connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most files kept free for everything but connections: databases, caches, templates, logs.
const MAX_RESERVE: u64 = 256;

/// Raises the soft limit on open files as far as `wanted` connections need it, and returns how many of them
/// fit. Logs a warning if that is fewer.
pub(super) fn fit_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let needed = wanted as u64 + MAX_RESERVE;
    let Some(soft) = limit.current.filter(|soft| *soft < needed) else { return wanted };
    let raised = limit.maximum.map_or(needed, |hard| hard.min(needed));
    let new = Rlimit { current: Some(raised), maximum: limit.maximum };
    let open_files = match setrlimit(Resource::Nofile, new) {
        Ok(()) => raised,
        Err(error) => {
            let error: std::io::Error = error.into();
            tracing::warn!(target: "nuages.server", %error, "cannot raise the limit on open files");
            soft
        }
    };
    let fitting = usize::try_from(fitting(open_files)).unwrap_or(usize::MAX);
    if fitting < wanted {
        tracing::warn!(
            target: "nuages.server",
            "SERVER_MAX_CONNECTIONS = {wanted} does not fit the limit of {open_files} open files \
             (ulimit -n): serving {fitting} connections at once"
        );
    }
    fitting.min(wanted)
}

/// How many connections fit a limit: all but the reserve, which is a quarter of a low limit.
fn fitting(open_files: u64) -> u64 {
    (open_files - MAX_RESERVE.min(open_files / 4)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept_for_other_files() {
        for (open_files, expected) in [(65_536, 65_280), (1_024, 768), (256, 192), (1, 1), (0, 1)] {
            assert_eq!(fitting(open_files), expected, "{open_files}");
        }
    }
}
