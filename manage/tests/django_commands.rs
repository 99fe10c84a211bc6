//! Every command of Django's is a command of Nuages, or is answered with what to do instead.

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::fs;

use support::{manage, run};

/// The commands of Django 6.0: of django-admin, and of the contrib apps auth, contenttypes, gis, sessions and
/// staticfiles.
const DJANGO: &str = "
    check compilemessages createcachetable dbshell diffsettings dumpdata flush inspectdb loaddata makemessages
    makemigrations migrate optimizemigration runserver sendtestemail shell showmigrations sqlflush sqlmigrate
    sqlsequencereset squashmigrations startapp startproject test testserver version help
    changepassword createsuperuser remove_stale_contenttypes ogrinspect clearsessions collectstatic findstatic
";

#[test]
fn each_is_there_or_is_answered_and_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = manage::commands();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    let page = fs::read_to_string(page).expect("docs/commands.md");
    for name in DJANGO.split_whitespace().filter(|name| *name != "help") {
        if commands.iter().any(|command| command.get_name() == name) {
            continue;
        }
        let said = run(manage(folder.path(), name));
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{name}: {said:?}");
        let error = format!("error: Nuages does not have Django's command '{name}'\nhint: ");
        assert!(said.err.starts_with(&error), "{name}: {said:?}");
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name} has no row in docs/commands.md");
    }
}

#[test]
fn arguments_do_not_hide_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in ["shell -c pass", "dumpdata --format=json auth", "-v 2 makemigrations shop"] {
        let said = run(manage(folder.path(), args));
        assert!(said.err.starts_with("error: Nuages does not have Django's command"), "{args}: {said:?}");
    }
}
