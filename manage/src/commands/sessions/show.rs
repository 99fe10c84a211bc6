//! `sessions show`: one session, decoded.

use clap::{Arg, ArgAction, ArgMatches};
use nuages::{
    OneLine,
    sessions::{SessionEngine, SessionInfo},
};
use serde_json::{Map, Value};

use super::{
    facts::{as_json, distance, moment, plain, shown_key, size},
    find_one, json_argument, key_argument,
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
                .help("Show secrets too: values whose names speak of passwords, tokens, hashes, keys, CSRF"),
        )
        .arg(json_argument("One JSON object: the facts, and the session's values under \"data\""))
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
        let mut facts = as_json(&info, now);
        facts["data"] = info.data.map_or(Value::Null, Value::Object);
        project.say(ascii(&facts.to_string()));
        return Ok(());
    }
    if project.verbosity() > 0 {
        describe(project, &info, now);
    }
    match &info.data {
        Some(data) => project.say(pretty(data)),
        None => {
            return Err(CommandError::new("what this session holds cannot be read")
                .hint("another SECRET_KEY signed it, or it is damaged; visitors see an empty session"));
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
    let fact = |name: &str, value: String| {
        project.say(format_args!("{} {value}", style.label(format!("{name:<10}"))))
    };
    fact("key", format!("{}…", shown_key(info)));
    fact("user", plain(info.user.as_deref().unwrap_or("-")));
    for (name, at) in [("created", info.created_at), ("last saved", info.saved_at)] {
        if let Some(at) = at {
            fact(name, format!("{} ({})", moment(at), distance(at, now)));
        }
    }
    let ended = if info.expires <= now { "ended " } else { "" };
    fact("expires", format!("{} ({ended}{})", moment(info.expires), distance(info.expires, now)));
    fact("size", size(info.bytes as u64));
    project.say("");
}

/// The data with indents. What a terminal would obey is escaped.
fn pretty(data: &Map<String, Value>) -> String {
    ascii(&serde_json::to_string_pretty(data).unwrap_or_default())
}

/// JSON in which characters that a terminal would obey are escapes; they can only stand in its strings.
fn ascii(json: &str) -> String {
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
