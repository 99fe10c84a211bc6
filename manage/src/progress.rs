//! A progress bar on a terminal, nothing elsewhere. Used by commands that may take long.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Below so many steps a bar would only flicker.
const WORTH_A_BAR: u64 = 2_000;

/// How far something is. The bar is on stderr and goes away at the end.
///
/// # Examples
///
/// ```
/// let bar = manage::Progress::new("clearing", Some(10_000), 1);
/// bar.set(500);
/// ```
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar where stderr is a terminal, the work is long, and `verbosity` is not 0; without a `total` it
    /// counts.
    pub fn new(label: &'static str, total: Option<u64>, verbosity: u8) -> Self {
        let long = total.is_none_or(|total| total >= WORTH_A_BAR);
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

    /// So many steps are done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
