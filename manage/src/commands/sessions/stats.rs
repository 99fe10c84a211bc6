//! `sessions stats`: counts the stored sessions by state, age and size.

use std::{
    ops::ControlFlow,
    time::{Duration, SystemTime},
};

use clap::ArgMatches;
use nuages::sessions::{SessionEngine, SessionInfo};
use serde_json::{Value, json};

use super::{
    arguments::json_argument,
    format::{grouped, size},
    scan::Scan,
};
use crate::{CommandError, Project};

/// How many characters the longest bar has.
const BAR_WIDTH: u64 = 40;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// The rows of the histogram: the sessions that were last saved less than this many seconds ago.
const AGES: [(u64, &str); 7] = [
    (60, "a minute"),
    (HOUR, "an hour"),
    (DAY, "a day"),
    (3 * DAY, "3 days"),
    (7 * DAY, "a week"),
    (14 * DAY, "2 weeks"),
    (30 * DAY, "30 days"),
];

pub(super) fn define() -> clap::Command {
    clap::Command::new("stats")
        .about("Count the stored sessions by state, age and size")
        .arg(json_argument("Print one JSON object"))
}

pub(super) async fn run(
    project: &Project,
    engine: &SessionEngine,
    args: &ArgMatches,
) -> Result<(), CommandError> {
    let scan = Scan::start(project, engine, "Reading sessions").await;
    let (mut stats, now) = (Stats::default(), engine.clock().now());
    scan.each(|info| {
        stats.add(&info, now);
        ControlFlow::Continue(())
    })
    .await?;
    if args.get_flag("json") {
        project.say(stats.as_json());
    } else {
        stats.print(project);
    }
    Ok(())
}

/// The counters. They take the same memory for any number of sessions.
#[derive(Default)]
struct Stats {
    total: u64,
    expired: u64,
    logged_in: u64,
    anonymous: u64,
    unreadable: u64,
    /// Active sessions by row of [`AGES`]; the last one counts the older sessions.
    ages: [u64; AGES.len() + 1],
    sizes: Sizes,
}

impl Stats {
    fn add(&mut self, info: &SessionInfo, now: SystemTime) {
        self.total += 1;
        self.sizes.add(info.bytes as u64);
        if info.expires <= now {
            self.expired += 1;
            return;
        }
        match (&info.data, &info.user) {
            (None, _) => self.unreadable += 1,
            (Some(_), Some(_)) => self.logged_in += 1,
            (Some(_), None) => self.anonymous += 1,
        }
        if let Some(saved_at) = info.saved_at {
            let age = now.duration_since(saved_at).unwrap_or(Duration::ZERO).as_secs();
            let row = AGES.iter().position(|(below, _)| age < *below).unwrap_or(AGES.len());
            self.ages[row] += 1;
        }
    }

    fn active(&self) -> u64 {
        self.total - self.expired
    }

    fn as_json(&self) -> Value {
        let mut ages: Vec<Value> = AGES
            .iter()
            .zip(self.ages)
            .map(|((below, _), count)| json!({"below_seconds": below, "count": count}))
            .collect();
        ages.push(json!({"below_seconds": null, "count": self.ages[AGES.len()]}));
        json!({
            "total": self.total,
            "active": self.active(),
            "expired": self.expired,
            "logged_in": self.logged_in,
            "anonymous": self.anonymous,
            "unreadable": self.unreadable,
            "ages": ages,
            "bytes": {
                "total": self.sizes.total,
                "median": self.sizes.median(),
                "largest": self.sizes.largest,
            },
        })
    }

    fn print(&self, project: &Project) {
        let style = project.style();
        let row = |name: &str, count: u64| project.say(format_args!("  {name:<18} {:>13}", grouped(count)));
        project.say(style.heading("Sessions"));
        row("total", self.total);
        row("expired", self.expired);
        row("active", self.active());
        row("  logged in", self.logged_in);
        row("  anonymous", self.anonymous);
        if self.unreadable > 0 {
            row("  unreadable", self.unreadable);
        }
        if self.active() > 0 {
            project.say(style.heading("Active sessions by their last change"));
            let most = self.ages.iter().copied().max().unwrap_or_default().max(1);
            let names = AGES.iter().map(|(_, name)| format!("under {name}"));
            let older = format!("over {}", AGES[AGES.len() - 1].1);
            for (name, count) in names.chain([older]).zip(self.ages) {
                // Rounded up: a single session is visible, too.
                let length = (count * BAR_WIDTH).div_ceil(most) as usize;
                let line = format!("  {name:<18} {:>13} {}", grouped(count), "#".repeat(length));
                project.say(line.trim_end());
            }
        }
        if self.total > 0 {
            project.say(style.heading("Size of the stored data"));
            let row = |name: &str, text: String| project.say(format_args!("  {name:<18} {text:>13}"));
            row("total", size(self.sizes.total));
            row("median, about", size(self.sizes.median()));
            row("largest", size(self.sizes.largest));
        }
    }
}

/// Counts sizes in buckets, each an eighth of a power of two wide: the median is right to 6 percent.
struct Sizes {
    total: u64,
    largest: u64,
    buckets: [u64; 64 * 8],
}

impl Default for Sizes {
    fn default() -> Self {
        Self { total: 0, largest: 0, buckets: [0; 64 * 8] }
    }
}

impl Sizes {
    fn add(&mut self, bytes: u64) {
        self.total += bytes;
        self.largest = self.largest.max(bytes);
        self.buckets[Self::bucket(bytes)] += 1;
    }

    /// Returns the bucket of a size. Sizes below 8 have one each; above, the highest bit and the three below
    /// it choose.
    fn bucket(bytes: u64) -> usize {
        if bytes < 8 {
            return bytes as usize;
        }
        let bit = bytes.ilog2();
        let eighth = (bytes >> (bit - 3)) & 7;
        (bit as usize - 2) * 8 + eighth as usize
    }

    /// Returns the size in the middle of a bucket.
    fn middle(bucket: usize) -> u64 {
        if bucket < 8 {
            return bucket as u64;
        }
        let (shift, eighth) = (bucket / 8 - 1, bucket as u64 % 8);
        ((8 + eighth) << shift) + ((1_u64 << shift) - 1) / 2
    }

    fn median(&self) -> u64 {
        let half = self.buckets.iter().sum::<u64>().div_ceil(2);
        let mut below = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            below += count;
            if below >= half && half > 0 {
                return Self::middle(bucket).min(self.largest);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_right_to_a_sixteenth() {
        for scale in [1, 3, 50, 300, 4_000, 70_000] {
            let mut sizes = Sizes::default();
            for n in 1..=999 {
                sizes.add(n * scale);
            }
            let exact = 500.0 * scale as f64;
            let off = (sizes.median() as f64 - exact).abs() / exact;
            assert!(off < 0.0626, "scale {scale}: {} for {exact}", sizes.median());
        }
        assert_eq!(Sizes::default().median(), 0);
    }

    #[test]
    fn every_size_falls_into_a_bucket_that_holds_it() {
        for bytes in (0..5_000).chain([u32::MAX.into(), u64::MAX]) {
            let middle = Sizes::middle(Sizes::bucket(bytes));
            let off = middle.abs_diff(bytes);
            assert!(off <= bytes / 8, "{bytes}: {middle}");
        }
    }
}
