//! `sessions list`: prints the stored sessions, a page at a time.

use std::{
    io::{self, IsTerminal as _},
    ops::ControlFlow,
};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use nuages::{
    OneLine,
    sessions::{SessionEngine, SessionInfo},
};

use super::{
    arguments::{json_argument, user_argument},
    format::{as_json, grouped, moment, sessions, shown_key, size},
    scan::{Scan, unreadable_error},
};
use crate::{
    CommandError, Project,
    text_table::{Column, MEASURED_ROWS, TextTable},
};

/// How many sessions a page has without `--per-page`.
const PER_PAGE: u64 = 50;
/// How many characters of a user's primary key the table shows.
const USER_WIDTH: usize = 36;
/// How much JSON is collected before it is written.
const CHUNK_BYTES: usize = 64 * 1024;

pub(super) fn define() -> clap::Command {
    clap::Command::new("list")
        .about("List the stored sessions")
        .arg(user_argument("List only the sessions of this user, given by primary key"))
        .arg(
            Arg::new("expired").long("expired").action(ArgAction::SetTrue).help(
                "List only the expired sessions that are still stored: those that clearsessions removes",
            ),
        )
        .arg(json_argument("Print one JSON object per line: every session, unless a page is chosen"))
        .arg(
            Arg::new("page")
                .long("page")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("The number of the page [default: 1]"),
        )
        .arg(
            Arg::new("per-page")
                .long("per-page")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("How many sessions a page has [default: 50]"),
        )
}

pub(super) async fn run(
    project: &Project,
    engine: &SessionEngine,
    args: &ArgMatches,
) -> Result<(), CommandError> {
    let filter = Filter {
        user: args.get_one::<String>("user").map(String::as_str),
        expired: args.get_flag("expired"),
        engine,
    };
    let (page, per_page) = (args.get_one::<u64>("page").copied(), args.get_one::<u64>("per-page").copied());
    let json = args.get_flag("json");
    let everything = json && page.is_none() && per_page.is_none();
    let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(PER_PAGE));
    let first = (page - 1).saturating_mul(per_page);
    let range = if everything { 0..u64::MAX } else { first..first.saturating_add(per_page) };

    let mut scan = Scan::start(project, engine, "Reading sessions").await;
    let streams = if json { io::stdout().is_terminal() } else { per_page >= MEASURED_ROWS as u64 };
    if streams {
        scan = scan.without_bar();
    }
    // How many sessions match, if that is known without reading them.
    let mut total = scan.total().filter(|_| filter.user.is_none());
    if filter.expired {
        total = match filter.user {
            // A store that fails to count can still list.
            None => engine.count_expired().await.unwrap_or_default(),
            Some(_) => None,
        };
    }
    let (mut matched, now) = (0, engine.clock().now());
    let mut rows = Rows::new(project, json);
    let (mut more, mut unreadable) = (false, 0);
    // A page beyond the end is known to be empty.
    if total.is_none_or(|total| range.start < total) {
        more = scan
            .each(|info| {
                unreadable += u64::from(info.data.is_none());
                if !filter.includes(&info) {
                    return ControlFlow::Continue(());
                }
                if matched == range.end {
                    return ControlFlow::Break(());
                }
                matched += 1;
                if matched > range.start {
                    rows.push(&info, now);
                    if !project.output().is_open() {
                        return ControlFlow::Break(());
                    }
                }
                // Stops after the last row of the page, or at the last match if the total is known.
                match total {
                    Some(total) if matched == range.end.min(total) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            })
            .await?;
    }
    rows.flush();
    if !json && project.verbosity() > 0 {
        let shown = matched.saturating_sub(range.start);
        let more = total.map_or(more, |total| range.end < total);
        summarize(project, shown, range.start, total.or((!more).then_some(matched)), more, page);
    }
    project.output().check()?;
    unreadable_error(unreadable).map_or(Ok(()), |error| {
        Err(error
            .hint("another SECRET_KEY has signed them, or they are damaged: each visitor gets a new session"))
    })
}

/// The sessions that `--user` and `--expired` choose.
struct Filter<'a> {
    user: Option<&'a str>,
    expired: bool,
    engine: &'a SessionEngine,
}

impl Filter<'_> {
    fn includes(&self, info: &SessionInfo) -> bool {
        (!self.expired || info.expires < self.engine.clock().now())
            && self.user.is_none_or(|user| info.user.as_deref() == Some(user))
    }
}

/// The printed rows: a table, or lines of JSON.
struct Rows<'a> {
    project: &'a Project,
    table: Option<TextTable<'a, 5>>,
    json: String,
}

impl<'a> Rows<'a> {
    fn new(project: &'a Project, json: bool) -> Self {
        let columns = [
            Column::Left("key"),
            Column::Left("user"),
            Column::Left("last saved"),
            Column::Left("expires"),
            Column::Right("size"),
        ];
        Self { project, table: (!json).then(|| TextTable::new(project, columns)), json: String::new() }
    }

    /// Adds a row. Rows are printed many at a time.
    fn push(&mut self, info: &SessionInfo, now: std::time::SystemTime) {
        let Some(table) = &mut self.table else {
            self.json += &as_json(info, now).to_string();
            self.json.push('\n');
            if self.json.len() >= CHUNK_BYTES {
                self.flush();
            }
            return;
        };
        let saved = match (info.saved_at, &info.data) {
            (Some(saved_at), _) => moment(saved_at),
            (None, Some(_)) => "-".to_owned(),
            (None, None) => "unreadable".to_owned(),
        };
        let mut user = OneLine::new(info.user.as_deref().unwrap_or("-")).to_string();
        if let Some((end, _)) = user.char_indices().nth(USER_WIDTH) {
            user.truncate(end);
            user.push('…');
        }
        let cells = [shown_key(info), user, saved, moment(info.expires), size(info.bytes as u64)];
        table.push(cells, info.expires <= now);
    }

    fn flush(&mut self) {
        match &mut self.table {
            Some(table) => table.flush(),
            None => self.project.write(std::mem::take(&mut self.json)),
        }
    }
}

fn summarize(project: &Project, shown: u64, skipped: u64, total: Option<u64>, more: bool, page: u64) {
    let of = total.map(|total| format!(" of {}", sessions(total))).unwrap_or_default();
    let text = match (shown, total) {
        (0, Some(0) | None) => "No sessions.".to_owned(),
        (0, Some(_)) => format!("No sessions on page {page}{of}."),
        _ if !more && skipped == 0 => format!("{}.", sessions(shown)),
        _ => format!("{} to {}{of}.", grouped(skipped + 1), grouped(skipped + shown)),
    };
    let next = if more { format!(" More: --page {}", page + 1) } else { String::new() };
    project.say(project.style().dimmed(format!("{text}{next}")));
}
