//! Finds the one session that a key, or the beginning of one, names. Used by `show` and `revoke`.

use std::collections::BTreeSet;

use nuages::{
    OneLine,
    sessions::{SessionEngine, SessionInfo},
};

use super::{
    format::prefix,
    scan::{Scan, store_error},
};
use crate::{CommandError, Project};

/// How many sessions the message names where the beginning of a key fits several.
const NAMED: usize = 5;

/// Returns the session whose key is `text` or begins with it.
///
/// # Errors
///
/// Where no session or more than one has such a key, and where the store fails.
pub(super) async fn find_one(
    project: &Project,
    engine: &SessionEngine,
    text: &str,
) -> Result<SessionInfo, CommandError> {
    let mut scan = Scan::start(project, engine, "Looking for the key").await;
    let found = engine.find(text, NAMED + 1, |read| scan.show(read)).await.map_err(store_error)?;
    drop(scan);
    if found.len() > 1 {
        return Err(ambiguous(text, &found));
    }
    found.into_iter().next().ok_or_else(|| {
        CommandError::new("no stored session has this key, or a key that begins with it")
            .hint("`manage sessions list` shows how the keys begin")
    })
}

/// Names the sessions that `text` fits, with as many characters of each key as tell them apart.
fn ambiguous(text: &str, found: &[SessionInfo]) -> CommandError {
    let keys: Vec<&str> = found.iter().map(|info| info.stored_key.as_str()).collect();
    let different = |length: &usize| {
        keys.iter().map(|key| prefix(key, *length)).collect::<BTreeSet<_>>().len() == keys.len()
    };
    let length = (text.len()..40).find(different).unwrap_or(40);
    let cut = |key: &&str| OneLine::new(prefix(key, length)).to_string();
    let mut named: Vec<String> = keys.iter().take(NAMED).map(cut).collect();
    if found.len() > NAMED {
        named.push("…".to_owned());
    }
    CommandError::new(format!("{text:?} is the beginning of more than one session's key"))
        .hint(format!("give more of it: {}", named.join(", ")))
}
