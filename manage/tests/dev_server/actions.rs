//! The buttons of the pages, and who may press them.

use crate::site::Site;

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_button_applies_missing_migrations_and_refuses_strangers() {
    let mut site = Site::new("button");
    site.serve();
    let page = site.visit("/");
    page.assert(500, "The database is not migrated");
    assert!(page.body.contains("<code>sessions</code> 1 migration"), "{}", page.body);
    let token = page.body.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = format!("token={}", token.expect("a token"));
    let own = format!("Origin: http://127.0.0.1:{}\r\n", site.port);
    let press =
        |headers: &str, form: &str| site.send("POST", "/__nuages/migrate?next=/", headers, form).status;
    for stranger in [
        String::new(),
        "Origin: null\r\n".to_owned(),
        "Origin: http://evil.example\r\n".to_owned(),
        format!("Origin: http://127.0.0.1:{}\r\n", site.port ^ 1),
        format!("{own}Sec-Fetch-Site: cross-site\r\n"),
    ] {
        assert_eq!(press(&stranger, &form), 403, "{stranger:?}");
    }
    for wrong in ["", "token=", "token=0123456789abcdef0123456789abcdef"] {
        assert_eq!(press(&own, wrong), 403, "{wrong:?}");
    }
    let host = "evil.example";
    let rebound = site.send_to("POST", "/__nuages/migrate", host, "Origin: http://evil.example\r\n", &form);
    assert_eq!(rebound.status, 403);
    assert_eq!(site.send("GET", "/__nuages/migrate", &own, "").status, 405);
    site.visit("/").assert(500, "The database is not migrated");
    assert_eq!(press(&own, &form), 303);
    site.visit("/").assert(200, "Bonjour");
    assert_eq!(site.send("GET", "/__nuages/other", "", "").status, 404);
}
