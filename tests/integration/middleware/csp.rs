//! `SECURE_CSP` and `SECURE_CSP_REPORT_ONLY`: the headers, the nonce, and the views that differ.

use std::path::Path;

use nuages::{
    App, middleware::BuiltIn, prelude::*, settings::Settings, testing::Client, urls::path, view::csp_exempt,
};

use crate::support::{
    asking,
    site::{Site, settings_text},
};

const ENFORCED: &str = "content-security-policy";
const REPORTED: &str = "content-security-policy-report-only";

fn page(request: &mut Request) -> Result<Response> {
    render(request, "page.html", context! {})
}

fn plain(_: &mut Request) -> &'static str {
    "plain"
}

fn own(request: &mut Request) -> Response {
    Response::text(request.csp_nonce()).with_header("Content-Security-Policy", "default-src 'none'")
}

fn fails(_: &mut Request) -> Result<Response> {
    Err(Error::new("the view failed"))
}

fn site(lines: &str) -> (Site, App) {
    let site = Site::new(&asking::lines(lines)).file(
        "templates/page.html",
        "<script nonce=\"{{ csp_nonce }}\"></script><style nonce={{ csp_nonce }}></style>",
    );
    let app = site.app(vec![
        path("", page),
        path("plain/", plain),
        path("own/", own),
        path("exempt/", csp_exempt(page)),
        path("fails/", fails),
    ]);
    (site, app)
}

const POLICY: &str = "[SECURE_CSP]\ndefault-src = [\"'self'\"]\nscript-src = [\"'self'\", \"'nonce'\"]\n\
                      img-src = \"'self' data: https://img.example.com:8443/a/*.png\"\nupgrade-insecure-requests = true\n\
                      font-src = false\nstyle-src = [\"<CSP_NONCE_SENTINEL>\"]\n";

#[tokio::test]
async fn the_page_and_the_header_have_the_same_fresh_nonce() {
    let (_site, app) = site(POLICY);
    let client = Client::new(app);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = client.get("/").await;
        let text = response.text().into_owned();
        let nonce = text.split('"').nth(1).expect("an attribute").to_owned();
        assert!(nonce.len() == 22 && text.ends_with(&format!("<style nonce={nonce}></style>")), "{text}");
        let expected = format!(
            "default-src 'self'; img-src 'self' data: https://img.example.com:8443/a/*.png; \
             script-src 'self' 'nonce-{nonce}'; style-src 'nonce-{nonce}'; upgrade-insecure-requests"
        );
        assert_eq!(sorted(response.header(ENFORCED)), sorted(Some(&expected)));
        assert_eq!(response.header(REPORTED), None);
        assert!(!seen.contains(&nonce), "a nonce is for one page");
        seen.push(nonce);
    }
    let without = client.get("/plain/").await;
    let expected = "default-src 'self'; img-src 'self' data: https://img.example.com:8443/a/*.png; script-src 'self'; \
                    upgrade-insecure-requests";
    assert_eq!(
        sorted(without.header(ENFORCED)),
        sorted(Some(expected)),
        "no nonce where no page asks for one"
    );
}

/// The directives in the order of their names: a table has none.
fn sorted(header: Option<&str>) -> Vec<String> {
    let mut directives: Vec<String> = header.expect("a policy").split("; ").map(str::to_owned).collect();
    directives.sort();
    directives
}

#[tokio::test]
async fn a_policy_may_be_reported_only_or_both() {
    let (_site, app) = site(
        "SECURE_CSP = { default-src = [\"'self'\"] }\n\
                             SECURE_CSP_REPORT_ONLY = { default-src = [\"'none'\"], report-uri = [\"/csp/\"] }",
    );
    let response = Client::new(app).get("/plain/").await;
    assert_eq!(response.header(ENFORCED), Some("default-src 'self'"));
    assert_eq!(sorted(response.header(REPORTED)), ["default-src 'none'", "report-uri /csp/"]);
}

#[tokio::test]
async fn views_and_error_pages_can_differ() {
    let (_site, app) = site(
        "SECURE_CSP = { default-src = [\"'self'\"] }\nSECURE_CSP_REPORT_ONLY = { img-src = [\"'self'\"] }",
    );
    let client = Client::new(app.clone());
    let own = client.get("/own/").await;
    assert_eq!(
        (own.header(ENFORCED), own.header(REPORTED)),
        (Some("default-src 'none'"), Some("img-src 'self'"))
    );
    let exempt = client.get("/exempt/").await;
    assert_eq!((exempt.header(ENFORCED), exempt.header(REPORTED)), (None, None));
    for path in ["/fails/", "/none/"] {
        assert_eq!(client.get(path).await.header(ENFORCED), Some("default-src 'self'"), "{path}");
    }
    let left_out = Client::new(app.without(BuiltIn::ContentSecurityPolicy));
    assert_eq!(left_out.get("/plain/").await.header(ENFORCED), None);
    let (_site, app) = site("DEBUG = true\nSECURE_CSP = { default-src = [\"'self'\"] }");
    let client = Client::new(app);
    let failed = client.get("/fails/").await;
    assert!(failed.text().contains("<style>"), "{}", failed.text());
    assert_eq!(failed.header(ENFORCED), None, "the debug page has its style in itself");
    assert_eq!(client.get("/plain/").await.header(ENFORCED), Some("default-src 'self'"));
}

#[tokio::test]
async fn without_a_policy_there_is_neither_header_nor_nonce() {
    for lines in ["", "SECURE_CSP = {}", "SECURE_CSP = { default-src = false }"] {
        let (_site, app) = site(lines);
        let client = Client::new(app);
        let response = client.get("/").await;
        assert_eq!((response.header(ENFORCED), response.header(REPORTED)), (None, None), "{lines}");
        assert_eq!(response.text(), "<script nonce=\"\"></script><style nonce=></style>", "{lines}");
        assert_eq!(client.get("/own/").await.text(), "", "{lines}");
    }
}

#[test]
fn mistakes_name_the_directive_and_the_source() {
    for (line, message) in [
        (
            "SECURE_CSP = \"default-src 'self'\"",
            "expected a table of directives, each with a list of sources",
        ),
        ("SECURE_CSP = { default_src = [\"'self'\"] }", "no such directive: \"default_src\""),
        ("SECURE_CSP = { script-src = [\"self\"] }", "\"self\" is taken for a host in \"script-src\""),
        ("SECURE_CSP = { script-src = [\"self\"] }", "put the keyword into single quotes: \"'self'\""),
        ("SECURE_CSP = { script-src = \"'self' nonce\" }", "\"nonce\" is taken for a host"),
        ("SECURE_CSP = { img-src = [\"a.example; script-src *\"] }", "is not a source of \"img-src\""),
        ("SECURE_CSP = { img-src = [\"a.example\\n\"] }", "is not a source of \"img-src\""),
        ("SECURE_CSP = { img-src = [\"\"] }", "\"\" is not a source of \"img-src\""),
        ("SECURE_CSP = { img-src = 5 }", "expected a list of sources, a text, true or false for \"img-src\""),
        ("SECURE_CSP_REPORT_ONLY = { img-src = [5] }", "expected a list of sources, a text, true or false"),
    ] {
        let errors = Settings::from_toml(&settings_text(line), Path::new(".")).expect_err(line).to_string();
        assert!(errors.contains(message) && errors.contains("SECURE_CSP"), "{errors}");
    }
}

#[test]
fn the_environment_sets_a_policy_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, settings_text("SECURE_CSP = { default-src = [\"'none'\"] }")).expect("a file");
    let value = "{ default-src = [\"'self'\", \"'nonce'\"] }".to_owned();
    let policy =
        Settings::load_with(&file, [("NUAGES_SECURE_CSP".to_owned(), value)]).expect("settings").security.csp;
    assert_eq!(policy.header(Some("abc")), "default-src 'self' 'nonce-abc'");
}
