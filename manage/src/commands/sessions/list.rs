//! `sessions list`: what is stored, a page at a time.

use std::{
    io::{self, IsTerminal as _, Write as _},
    ops::ControlFlow,
};

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use nuages::sessions::{SessionEngine, SessionInfo};

use super::{
    facts::{as_json, grouped, moment, plain, sessions, shown_key, size},
    json_argument,
    scan::{Scan, failed},
    table::{self, Column, Table},
};
use crate::{CommandError, Project};

/// Rows of a page unless `--per-page` says otherwise.
const PER_PAGE: u64 = 50;
/// Characters of a user's key that the table shows.
const USER_WIDTH: usize = 36;
/// Bytes of JSON that are collected before they are written.
const CHUNK: usize = 64 * 1024;

pub(super) fn define() -> clap::Command {
    clap::Command::new("list")
        .about("List the stored sessions")
        .arg(Arg::new("user").long("user").value_name("ID").help("Only this user's: by primary key"))
        .arg(
            Arg::new("expired")
                .long("expired")
                .action(ArgAction::SetTrue)
                .help("Only those that have ended and still lie about: what clearsessions would remove"),
        )
        .arg(json_argument("One JSON object a line; all sessions, unless a page is asked for"))
        .arg(
            Arg::new("page")
                .long("page")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("Which page [default: 1]"),
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
    let wanted = Wanted {
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

    let mut scan = Scan::start(project, engine, "Reading sessions").await?;
    let streams = if json { io::stdout().is_terminal() } else { per_page >= table::SAMPLE as u64 };
    if streams {
        scan = scan.without_bar();
    }
    // How many there are in all, where that can be known without reading them.
    let mut total = scan.total().filter(|_| wanted.user.is_none());
    if wanted.expired {
        total = match wanted.user {
            None => engine.count_expired().await.map_err(failed)?,
            Some(_) => None,
        };
    }
    let (mut matched, now) = (0, engine.clock().now());
    let mut out = Out::new(project, json);
    let mut more = false;
    // What is known not to be there is not looked for.
    if total.is_none_or(|total| range.start < total) {
        more = scan
            .each(|info| {
                if !wanted.includes(&info) {
                    return ControlFlow::Continue(());
                }
                if matched == range.end {
                    return ControlFlow::Break(());
                }
                matched += 1;
                if matched > range.start && out.row(&info, now).is_err() {
                    return ControlFlow::Break(());
                }
                // The last one that there is, or the last of the page if the total is known.
                match total {
                    Some(total) if matched == range.end.min(total) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            })
            .await?;
    }
    out.end();
    if !json && project.verbosity() > 0 {
        let shown = matched.saturating_sub(range.start);
        let more = total.map_or(more, |total| range.end < total);
        summarize(project, shown, range.start, total.or((!more).then_some(matched)), more, page);
    }
    Ok(())
}

/// What is asked for.
struct Wanted<'a> {
    user: Option<&'a str>,
    expired: bool,
    engine: &'a SessionEngine,
}

impl Wanted<'_> {
    fn includes(&self, info: &SessionInfo) -> bool {
        (!self.expired || info.expires < self.engine.clock().now())
            && self.user.is_none_or(|user| info.user.as_deref() == Some(user))
    }
}

/// Where rows go: a table, or lines of JSON.
struct Out<'a> {
    table: Option<Table<'a, 5>>,
    json: String,
}

impl<'a> Out<'a> {
    fn new(project: &'a Project, json: bool) -> Self {
        let columns = [
            Column::Left("key"),
            Column::Left("user"),
            Column::Left("last saved"),
            Column::Left("expires"),
            Column::Right("size"),
        ];
        Self { table: (!json).then(|| Table::new(project, columns)), json: String::new() }
    }

    /// An error means that nobody reads any more.
    fn row(&mut self, info: &SessionInfo, now: std::time::SystemTime) -> io::Result<()> {
        let Some(table) = &mut self.table else {
            self.json += &as_json(info, now).to_string();
            self.json.push('\n');
            return if self.json.len() >= CHUNK { self.write() } else { Ok(()) };
        };
        let saved = match (info.saved_at, &info.data) {
            (Some(saved_at), _) => moment(saved_at),
            (None, Some(_)) => "-".to_owned(),
            (None, None) => "unreadable".to_owned(),
        };
        let mut user = plain(info.user.as_deref().unwrap_or("-"));
        if let Some((end, _)) = user.char_indices().nth(USER_WIDTH) {
            user.truncate(end);
            user.push('…');
        }
        let cells = [shown_key(info), user, saved, moment(info.expires), size(info.bytes as u64)];
        table.push(cells, info.expires <= now);
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        let written = io::stdout().write_all(self.json.as_bytes());
        self.json.clear();
        written
    }

    fn end(mut self) {
        match &mut self.table {
            Some(table) => table.flush(),
            // A reader that has gone away is no error.
            None => drop(self.write().and_then(|()| io::stdout().flush())),
        }
    }
}

fn summarize(project: &Project, shown: u64, skipped: u64, total: Option<u64>, more: bool, page: u64) {
    let of = total.map(|total| format!(" of {}", sessions(total))).unwrap_or_default();
    let text = match (shown, total) {
        (0, Some(0) | None) => "No sessions.".to_owned(),
        (0, Some(_)) => format!("None on page {page}{of}."),
        _ if !more && skipped == 0 => format!("{}.", sessions(shown)),
        _ => format!("{} to {}{of}.", grouped(skipped + 1), grouped(skipped + shown)),
    };
    let next = if more { format!(" More: --page {}", page + 1) } else { String::new() };
    project.say(project.style().dimmed(format!("{text}{next}")));
}
