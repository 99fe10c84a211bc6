//! A value in the session that is not a list of messages.

use nuages::prelude::*;
use tracing::subscriber;

use super::{client, query, site};
use crate::support::events::Events;

#[tokio::test]
async fn a_damaged_value_never_makes_the_site_answer_500() {
    for storage in ["fallback", "session"] {
        let site = site(&format!("MESSAGE_STORAGE = \"{storage}\""));
        for damaged in
            [json!(5), json!(null), json!("not JSON"), json!("{}"), json!({ "a": [1] }), json!("[1, null]")]
        {
            let client = client(&site);
            let damage = async || {
                let mut session = client.session().await.expect("a session");
                session.insert("_messages", &damaged).expect("JSON");
                session.save().await.expect("it is saved");
            };
            let events = Events::default();
            let _guard = subscriber::set_default(events.clone());
            damage().await;
            let shown = client.get("/").await;
            assert_eq!((shown.status().as_u16(), &*shown.text()), (200, ""), "{damaged}");
            damage().await;
            assert_eq!(client.get("/add/").query(&query("20", "hello", "")).await.status(), 302, "{damaged}");
            assert_eq!(client.get("/").await.text(), "info: hello;", "{damaged}");
            assert_eq!(client.get("/").await.text(), "", "{damaged}");
            let logged = events.text().matches("is not a list of messages").count();
            let reports = if damaged == json!("[1, null]") { 0 } else { 2 };
            assert_eq!(logged, reports, "{storage} {damaged}: once each time");
        }
    }
}
