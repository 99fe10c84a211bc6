//! What docs/sessions.md says of the engines is what they say of themselves.

use nuages::sessions::{ENGINES, SessionEngine};

use crate::support::site::{SQLITE, Site};

const PAGE: &str = include_str!("../../../docs/sessions.md");

/// The rows of the table below this header: the cells' texts.
fn rows(header: &str) -> Vec<Vec<String>> {
    let table = PAGE.split_once(header).expect("the table is there").1;
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.replace('`', "").trim().to_owned()).collect()
    };
    lines.map(cells).collect()
}

fn yes(promise: bool) -> &'static str {
    if promise { "yes" } else { "no" }
}

#[test]
fn the_table_of_promises_is_what_the_engines_promise() {
    let table = rows("| engine | durable | shared | revocable | compare-and-swap | clears itself |");
    for engine in ENGINES {
        assert!(table.iter().any(|row| row[0].split(' ').next() == Some(engine)), "{engine} has no row");
    }
    for row in table {
        let (engine, cache) = row[0].split_once(" on ").unwrap_or((&row[0], "locmem"));
        if cache == "redis" && !cfg!(feature = "redis") {
            continue;
        }
        let text = format!(
            "SESSION_ENGINE = '{engine}'\n{SQLITE}[CACHES.default]\nBACKEND = '{cache}'\nLOCATION = '{}'\n",
            if cache == "redis" { "redis://127.0.0.1:6379" } else { "" },
        );
        let site = Site::new(&text);
        let engine =
            SessionEngine::from_settings(site.settings()).unwrap_or_else(|errors| panic!("{errors}"));
        let promises = engine.promises();
        let found = [
            yes(promises.durable),
            yes(promises.shared),
            yes(promises.revocable),
            yes(promises.compare_and_swap),
            yes(promises.self_clearing),
        ];
        assert_eq!(found, row[1..], "{}", row[0]);
    }
}
