//! A progress bar for commands that may take long. It appears on a terminal only.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The fewest steps for which a bar appears; with fewer it would only flicker.
const MIN_STEPS: u64 = 2_000;

/// Shows the progress of a command as a bar on stderr, which disappears at the end.
///
/// # Examples
///
/// ```
/// let bar = manage::Progress::new("Removing sessions", Some(10_000), 1);
/// bar.set(500);
/// drop(bar);
/// ```
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Creates a bar for `total` steps; without a `total` it counts them. It appears if stderr is a terminal,
    /// there are at least 2,000 steps, and `verbosity` is not 0.
    pub fn new(label: &'static str, total: Option<u64>, verbosity: u8) -> Self {
        let long = total.is_none_or(|total| total >= MIN_STEPS);
        let shown = verbosity > 0 && long && io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let template = match total {
            Some(_) => "{prefix} {wide_bar} {human_pos}/{human_len} {eta}",
            None => "{prefix} {spinner} {human_pos} {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(total, target).with_prefix(label);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        if shown {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar }
    }

    /// Sets how many steps are done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
