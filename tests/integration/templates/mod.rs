//! Templates: what they see of the request, what they are told of the session, how they fail.

use std::{fs, path::Path};

use http::{Method, StatusCode, header};
use nuages::{App, contrib::messages, prelude::*, urls::path};

use crate::support::{
    asking::{Answer, get, lines, request, send},
    site,
};

struct Site {
    folder: site::Site,
    app: App,
}

impl Site {
    /// An application whose only view renders `page.html`.
    fn new(extra: &str, files: &[(&str, &str)]) -> Self {
        let folder = site::Site::new(&lines(extra));
        for (name, text) in files {
            write(folder.path(), name, text);
        }
        let routes = vec![
            path("", page).name("page"),
            path("tags/<slug:tag>/<int:number>/", |_: &mut Request, tag: String, number: u32| {
                format!("{tag} {number}")
            })
            .name("tag"),
            path("tell/", tell),
        ];
        let app = folder.app(routes);
        Self { folder, app }
    }

    async fn page(template: &str) -> Answer {
        get(&Self::new("DEBUG = true", &[("page.html", template)]).app, "/?q=%3Cx%3E").await
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join("templates").join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
    fs::write(file, text).expect("it can be written");
}

fn page(request: &mut Request) -> Result<Response> {
    if request.query().contains_key("remember") {
        request.session.insert("name", "Django & Sons")?;
    }
    render(request, "page.html", context! { title => "<b>", list => [1, 2], data => json!({"a": {"b": 1}}) })
}

fn tell(request: &mut Request) -> Result<Response> {
    messages::success(request, "saved & done")?;
    messages::warning(request, "look out")?;
    Ok(redirect("/"))
}

#[tokio::test]
async fn values_are_escaped_and_shown() {
    let answer =
        Site::page("{{ title }} {{ title|safe }} {{ list|length }} {{ data.a.b }} {{ nothing }}").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "&lt;b&gt; <b> 2 1 "));
    assert!(answer.cookies().is_empty() && answer.header("vary").is_empty());
}

#[tokio::test]
async fn templates_see_the_request_and_reverse_urls() {
    let answer = Site::page(
        "{{ request.method }} {{ request.path }} {{ request.GET.q }} {{ request.host }}|\
         {{ url('tag', 'a-b', 3) }} {{ url('tag', number=4, tag='c') }} {{ url('page') }}|\
         {{ static('css/a b.css') }}",
    )
    .await;
    let expected = "GET &#x2f; &lt;x&gt; example.com|&#x2f;tags&#x2f;a-b&#x2f;3&#x2f; &#x2f;tags&#x2f;c&#x2f;4&#x2f; &#x2f;|\
         &#x2f;static&#x2f;css&#x2f;a%20b.css";
    assert_eq!(answer.body, expected);
    let wrong = Site::page("{{ url('tagg', 1) }}").await;
    assert_eq!(wrong.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        wrong.body.contains("did you mean") && wrong.body.contains("page.html, line 1"),
        "{}",
        wrong.body
    );
}

#[tokio::test]
async fn a_template_that_reads_the_session_makes_the_page_vary() {
    let files = [("page.html", "{{ request.session.name }}{% if request.session.none %}!{% endif %}")];
    let site = Site::new("", &files);
    let first = get(&site.app, "/?remember").await;
    assert_eq!((first.body.as_str(), first.header("vary")), ("Django &amp; Sons", "Cookie"));
    let cookie = format!("sessionid={}", first.cookie("sessionid").expect("a session"));
    let request = request(Method::GET, "/").header(header::COOKIE, cookie).body("").expect("a request");
    assert_eq!(send(&site.app, request).await.body, "Django &amp; Sons");
    let nobody = Site::new("", &[("page.html", "{{ request.session.keys }}{{ user }}")]);
    assert_eq!(get(&nobody.app, "/").await.header("vary"), "Cookie");
}

#[tokio::test]
async fn a_form_gets_its_token() {
    let answer = Site::page("{{ csrf_input() }} {{ csrf_token }} {{ csrf_token() }}").await;
    let (input, tokens) = answer.body.split_once("> ").expect("an input and tokens");
    assert!(input.starts_with("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\""), "{input}");
    let tokens: Vec<&str> = tokens.split(' ').collect();
    assert!(tokens.len() == 2 && tokens.iter().all(|token| token.len() == 64) && tokens[0] != tokens[1]);
    assert!(answer.cookie("csrftoken").is_some());
    assert_eq!(answer.header("vary"), "Cookie");
}

#[tokio::test]
async fn anonymous_is_a_user_too() {
    let answer =
        Site::page("{% if user.is_authenticated %}in{% else %}out{% endif %}{{ user.username }}").await;
    assert_eq!((answer.body.as_str(), answer.header("vary")), ("out", "Cookie"));
}

#[tokio::test]
async fn messages_are_shown_once() {
    let template = "{% for m in get_messages() %}{{ m.tags }}: {{ m.message }};{% endfor %}";
    let site = Site::new("", &[("page.html", template)]);
    let told = get(&site.app, "/tell/").await;
    let ask = async |cookie: &str| {
        let cookie = format!("messages={cookie}");
        let request = request(Method::GET, "/").header(header::COOKIE, cookie).body("").expect("a request");
        send(&site.app, request).await
    };
    let shown = ask(&told.cookie("messages").expect("a cookie")).await;
    assert_eq!(shown.body, "success: saved &amp; done;warning: look out;");
    assert_eq!(shown.cookie("messages").as_deref(), Some("\"\""), "it is deleted");
    assert_eq!(get(&site.app, "/").await.body, "");
}

#[tokio::test]
async fn a_broken_template_names_its_line_and_shows_it_under_debug() {
    let files = [
        ("page.html", "{% extends 'base.html' %}\n{% block body %}\n{{ title|nosuch }}\n{% endblock %}"),
        ("base.html", "<p>{% block body %}{% endblock %}"),
    ];
    let site = Site::new("DEBUG = true", &files);
    let answer = get(&site.app, "/").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("page.html, line 3: unknown filter"), "{}", answer.body);
    assert!(
        answer.body.contains("<span class=\"here\"><i>3</i>{{ title|nosuch }}</span>"),
        "{}",
        answer.body
    );
    let missing = Site::new("DEBUG = true", &[]);
    assert!(get(&missing.app, "/").await.body.contains("looked in"));
}

#[tokio::test]
async fn templates_are_read_again_under_debug_only() {
    for (extra, second) in [("DEBUG = true", "two!"), ("", "one")] {
        let site = Site::new(extra, &[("page.html", "one")]);
        assert_eq!(get(&site.app, "/").await.body, "one");
        write(site.folder.path(), "page.html", "two!");
        assert_eq!(get(&site.app, "/").await.body, second, "{extra}");
    }
}

#[tokio::test]
async fn no_template_is_read_from_outside_its_folder() {
    let folder = site::Site::new(&lines("DEBUG = true")).file("secret.html", "secret");
    write(folder.path(), "page.html", "page");
    fn named(request: &mut Request) -> Result<Response> {
        let name = request.query().get("name").unwrap_or_default().to_owned();
        render(request, &name, context! {})
    }
    let app = folder.app(vec![path("", named)]);
    assert_eq!(get(&app, "/?name=page.html").await.body, "page");
    let absolute = folder.path().join("secret.html").display().to_string();
    for name in ["../secret.html", "./../secret.html", "x/../../secret.html", "..%5Csecret.html", &absolute] {
        let answer = get(&app, &format!("/?name={name}")).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
    }
}

#[tokio::test]
async fn error_pages_are_the_projects_where_it_has_some() {
    let files =
        [("404.html", "gone: {{ request.path }}"), ("500.html", "{{ broken.x }}"), ("page.html", "x")];
    let site = Site::new("", &files);
    let missing = get(&site.app, "/none/").await;
    assert_eq!((missing.status.as_u16(), missing.body.as_str()), (404, "gone: &#x2f;none&#x2f;"));
    fn fails(_: &mut Request) -> Result<Response> {
        Err(Error::new("secret detail"))
    }
    let app = site.app.clone().urls(vec![path("fails/", fails)]);
    let failed = get(&app, "/fails/").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(failed.body.contains("Server Error (500)"), "a broken error page leaves the bare one");
}
