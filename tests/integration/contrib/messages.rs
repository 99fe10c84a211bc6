//! Messages in the session, also where the session's value is damaged.

use nuages::{App, contrib::messages, prelude::*, testing::Client, urls::path};

use crate::support::asking::settings_in;

fn add(request: &mut Request) -> Result<&'static str> {
    messages::info(request, "hello")?;
    Ok("added")
}

fn show(request: &mut Request) -> Result<Response> {
    render(request, "page.html", context! {})
}

#[tokio::test]
async fn a_damaged_value_never_makes_the_site_answer_500() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = "{% for message in get_messages() %}{{ message.message }}.{% endfor %}";
    std::fs::create_dir(folder.path().join("templates")).expect("a folder");
    std::fs::write(folder.path().join("templates/page.html"), page).expect("a template");
    let app = App::new(settings_in(folder.path(), "")).urls(vec![path("add/", add), path("", show)]);
    for damaged in
        [json!(5), json!(null), json!("not JSON"), json!("{}"), json!({ "a": [1] }), json!("[1, null]")]
    {
        let client = Client::new(app.clone());
        let damage = async || {
            let mut session = client.session().await.expect("a session");
            session.insert("_messages", &damaged).expect("JSON");
            session.save().await.expect("it is saved");
        };
        damage().await;
        let shown = client.get("/").await;
        assert_eq!((shown.status().as_u16(), &*shown.text()), (200, ""), "{damaged}");
        damage().await;
        assert_eq!(client.get("/add/").await.status(), 200, "{damaged}");
        assert_eq!(client.get("/").await.text(), "hello.", "{damaged}");
        assert_eq!(client.get("/").await.text(), "", "{damaged}");
    }
}
