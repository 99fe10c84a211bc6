//! The debug page shows no secret of the request, whatever it is called and wherever it stands.

use http::{Method, header};
use nuages::{prelude::*, urls::path};

use crate::support::asking::{app, request, send};

const KEY: &str = "k8q0zbc3x1v5n7m9l2j4h6g8f0d1s3a5";
const SIGNED: &str = "eyJhIjoxfQ:1tABCd:QvNdFl5o2CbK0bqRzV3T9hZ9mN6tIu8yXwE1rS4aPqo";
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn fails(_: &mut Request, value: String) -> Result<Response> {
    Err(Error::bad_request(format!("{value:?} is not valid")).context("reading the link"))
}

#[tokio::test]
async fn the_debug_page_masks_secrets_by_name_and_by_shape() {
    let app = app("DEBUG = true", vec![path("reset/<str:value>/", fails)]);
    for name in ["jwt", "code", "otp", "pin", "sms_code", "sid", "access_token", "state", "new_password1"] {
        let target = format!("/nowhere/?{name}=hidden&q=shown");
        let page = send(&app, request(Method::GET, &target).body("").expect("a request")).await.body;
        assert!(page.contains("DEBUG = true") && page.contains("shown"), "{page}");
        assert!(!page.contains("hidden"), "{name}: {page}");
    }
    for secret in [KEY, SIGNED, TOKEN] {
        let places = [
            (format!("/reset/{secret}/"), None),
            (format!("/nowhere/{secret}"), None),
            (format!("/nowhere/?q={secret}"), None),
            (format!("/nowhere/?{secret}"), None),
            ("/nowhere/".to_owned(), Some((header::REFERER, format!("http://example.com/reset/{secret}/")))),
            ("/nowhere/".to_owned(), Some((header::IF_NONE_MATCH, format!("\"{secret}\"")))),
        ];
        for (target, field) in places {
            let mut request = request(Method::GET, &target);
            if let Some((name, value)) = &field {
                request = request.header(name, value);
            }
            let page = send(&app, request.body("").expect("a request")).await.body;
            assert!(page.contains("DEBUG = true"), "{page}");
            // Slashes and the like are escaped; a middle part shows whether anything is left of it.
            let part = &secret[secret.len() - 20..];
            assert!(!page.contains(part), "{target} {field:?}: {page}");
        }
    }
    let target = "/articles/2026/how-to-build-10-websites/?page=2";
    let page = send(&app, request(Method::GET, target).body("").expect("a request")).await.body;
    assert!(page.contains("how-to-build-10-websites"), "ordinary paths are shown: {page}");
}
