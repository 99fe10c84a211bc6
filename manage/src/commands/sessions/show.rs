//! `sessions show`: prints one session, decoded.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::{
    OneLine,
    sessions::{SessionEngine, SessionInfo},
};
use serde_json::{Map, Value};

use super::{
    arguments::{json_argument, key_argument},
    find::find_one,
    format::{as_json, distance, moment, shown_key, size},
    mask::mask,
};
use crate::{CommandError, Project};

pub(super) fn define() -> clap::Command {
    clap::Command::new("show")
        .about("Show what a session holds, decoded")
        .arg(key_argument().required(true))
        .arg(
            Arg::new("reveal")
                .long("reveal")
                .action(ArgAction::SetTrue)
                .help("Show secrets too: values whose names mention passwords, tokens, hashes, keys or CSRF"),
        )
        .arg(json_argument("Print one JSON object, with the session's values under \"data\""))
}

pub(super) async fn run(
    project: &Project,
    engine: &SessionEngine,
    args: &ArgMatches,
) -> Result<(), CommandError> {
    let key = args.get_one::<String>("key").map_or("", String::as_str);
    let mut info = find_one(project, engine, key).await?;
    let hidden = match &mut info.data {
        Some(data) if !args.get_flag("reveal") => mask(data),
        _ => 0,
    };
    let now = engine.clock().now();
    if args.get_flag("json") {
        let mut object = as_json(&info, now);
        object["data"] = info.data.map_or(Value::Null, Value::Object);
        project.say(escape_json(&object.to_string()));
        return Ok(());
    }
    if project.verbosity() > 0 {
        describe(project, &info, now);
    }
    match &info.data {
        Some(data) => project.say(pretty(data)),
        None => {
            return Err(CommandError::new("the data of this session cannot be read").hint(
                "it was signed with another SECRET_KEY, or it is damaged; its visitor has an empty session",
            ));
        }
    }
    if hidden > 0 && project.verbosity() > 0 {
        let values = if hidden == 1 { "1 value is".to_owned() } else { format!("{hidden} values are") };
        project.say(project.style().dimmed(format!("{values} masked: --reveal shows them")));
    }
    Ok(())
}

fn describe(project: &Project, info: &SessionInfo, now: std::time::SystemTime) {
    let style = project.style();
    let line = |name: &str, value: String| {
        project.say(format_args!("{} {value}", style.label(format!("{name:<10}"))))
    };
    line("key", format!("{}…", shown_key(info)));
    line("user", OneLine::new(info.user.as_deref().unwrap_or("-")).to_string());
    for (name, at) in [("created", info.created_at), ("last saved", info.saved_at)] {
        if let Some(at) = at {
            line(name, format!("{} ({})", moment(at), distance(at, now)));
        }
    }
    let ended = if info.expires <= now { "ended " } else { "" };
    line("expires", format!("{} ({ended}{})", moment(info.expires), distance(info.expires, now)));
    line("size", size(info.bytes as u64));
    project.say("");
}

/// Returns the data as indented JSON, safe for a terminal.
fn pretty(data: &Map<String, Value>) -> String {
    escape_json(&serde_json::to_string_pretty(data).unwrap_or_default())
}

/// Escapes the characters that a terminal would obey. In JSON they can only stand in strings.
fn escape_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || OneLine::is_plain(character) {
            text.push(character);
        } else {
            text += &format!("\\u{:04x}", u32::from(character));
        }
    }
    text
}
