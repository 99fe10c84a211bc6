//! Reloads under constant load: no connection is refused or reset, and no request or session is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{site::Site, support::Visitor};

/// How often the program is replaced: some times by a build, else by a change of the settings.
const RELOADS: usize = 30;
const BUILDS: usize = 4;

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn thirty_reloads_under_load_lose_nothing() {
    let mut site = Site::migrated("load").with_probe("Ok(\"reload 0\".to_string())");
    site.edit("settings.toml", "DEBUG = true", "DEBUG = true\nSESSION_COOKIE_AGE = 1000");
    site.serve();
    site.get("/probe/").assert(200, "reload 0");
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let visitors: Vec<_> = (0..4)
        .map(|_| {
            let (stop, answered, port) = (Arc::clone(&stop), Arc::clone(&answered), site.port);
            thread::spawn(move || {
                let mut visitor = Visitor::new(port);
                let mut visits = 0;
                while !stop.load(Ordering::Relaxed) {
                    // Panics if the connection is refused or reset.
                    let page = visitor.get("/");
                    visits += 1;
                    assert_eq!((page.status, page.visits()), (200, visits), "{}", page.body);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                visits
            })
        })
        .collect();
    let mut age = 1000;
    for reload in 1..=RELOADS {
        let before = answered.load(Ordering::Relaxed);
        let started = site.said().matches("tarted in").count();
        if reload % (RELOADS / BUILDS) == 0 {
            let views = site.read("src/views.rs");
            site.write("src/views.rs", &format!("{views}// reload {reload}\n"));
            site.get("/probe/").assert(200, "reload 0");
        } else {
            site.edit("settings.toml", &format!("AGE = {age}\n"), &format!("AGE = {}\n", age + 1));
            age += 1;
        }
        site.wait_until("the next program", || site.said().matches("tarted in").count() > started);
        site.wait_until("requests go on", || answered.load(Ordering::Relaxed) > before + 4);
    }
    stop.store(true, Ordering::Relaxed);
    let visits: u64 = visitors.into_iter().map(|thread| thread.join().expect("no request was lost")).sum();
    eprintln!("{visits} requests during {RELOADS} reloads");
    let said = site.said();
    assert_eq!(said.matches("tarted in").count(), RELOADS + 1, "{said}");
    assert!(!said.contains("memory of the program"), "sessions are in the database: {said}");
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_long_request_is_answered_by_the_program_that_began_it() {
    let mut site = Site::migrated("long").with_probe(
        "let wait = request.query().get(\"wait\").is_some();\n    \
         if wait { std::thread::sleep(std::time::Duration::from_secs(3)); }\n    Ok(\"old\".to_string())",
    );
    site.edit("settings.toml", "DEBUG = true", "DEBUG = true\nSESSION_ENGINE = \"cache\"\n");
    site.edit("settings.toml", "SESSION_ENGINE = \"django.contrib.sessions.backends.db\"", "");
    site.serve();
    site.get("/probe/").assert(200, "old");
    let warning = "warning: sessions are stored in the memory of the program";
    assert_eq!(site.said().matches(warning).count(), 1, "{}", site.said());
    thread::scope(|scope| {
        let long = scope.spawn(|| site.get("/probe/?wait=1"));
        thread::sleep(std::time::Duration::from_millis(500));
        site.edit("src/views.rs", "\"old\"", "\"new\"");
        site.get("/probe/").assert(200, "new");
        long.join().expect("answered").assert(200, "old");
    });
    assert_eq!(site.said().matches(warning).count(), 1, "once is enough: {}", site.said());
}
