//! `check` beside a Django site with other time zone settings.

use nuages::db::{Database, Databases};

use crate::support::program::Program;

fn check(program: &Program) -> String {
    let output = program.command(&["check"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn check_warns_of_sessions_that_another_zone_wrote() {
    let program = Program::new("");
    assert_eq!(check(&program), "System check identified no issues.\n");
    let databases = Databases::open(&program.settings()).expect("databases");
    let Some(Database::Sqlite(sqlite)) = databases.get("default") else { panic!("SQLite") };
    let data = program
        .engine()
        .encode(serde_json::json!({"n": 1}).as_object().expect("an object"))
        .expect("within the limits");
    let insert = "INSERT INTO django_session VALUES ('abcdefghijklmnopqrstuvwxyz012345', ?1, \
                  datetime('now', '+14 days', '-6 hours'))";
    sqlite.write(move |db| db.execute(insert, [data])).await.expect("inserted");
    assert_eq!(
        check(&program),
        "WARNING: (nuages.W006) 1 of 1 stored sessions expire 6:00 hours earlier than their age allows\n    \
         hint: give USE_TZ and TIME_ZONE the values of the Django site that shares these sessions\n\
         System check identified 1 issue.\n"
    );
}
