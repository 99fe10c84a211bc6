//! The code of the public face, as the book and the scaffold write it: it must compile as it stands.

mod urls {
    use nuages::urls::{Route, include, path};

    use super::{blog, views};

    pub(super) fn urlpatterns() -> Vec<Route> {
        vec![
            path("", views::index).name("index"),
            path("articles/<int:year>/<slug:slug>/", views::article).name("article"),
            include("blog/", blog::urlpatterns()).namespace("blog"),
        ]
    }
}

mod blog {
    use nuages::urls::{Route, path};

    pub(super) fn urlpatterns() -> Vec<Route> {
        vec![path("", super::views::index).name("index")]
    }
}

mod views {
    use std::time::Instant;

    use nuages::prelude::*;

    pub(super) async fn index(request: &mut Request) -> Result<Response> {
        let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
        request.session.insert("visits", visits)?;
        render(request, "index.html", context! { visits })
    }

    pub(super) fn article(request: &mut Request, year: u32, slug: String) -> Result<Response> {
        request.session["last"]["slug"] = json!(slug); // nested changes are noticed
        let url = request.reverse("article", (year, &slug))?;
        Ok(redirect(url))
    }

    pub(super) async fn timing(request: &mut Request, next: Next<'_>) -> Result<Response> {
        let start = Instant::now();
        let mut response = next.run(request).await?;
        response.set_header("Server-Timing", format!("app;dur={}", start.elapsed().as_millis()));
        Ok(response)
    }
}

mod forms {
    use nuages::prelude::*;

    struct Contact {
        name: String,
        email: String,
        age: Option<u8>,
        photo: Option<UploadedFile>,
    }

    fn clean(form: &mut Form) -> Option<Contact> {
        let contact = Contact {
            name: form.text("name").max_length(100).required(),
            email: form.email("email").label("E-mail").required(),
            age: form.integer("age").range(18..=130).optional(),
            photo: form.file("photo").max_bytes(2 << 20).types(&["image/png"]).optional(),
        };
        form.check("email", !contact.email.ends_with(".invalid"), "Where can we reach you?");
        form.valid(contact) // None: unbound (GET), or with errors
    }

    pub(super) async fn contact(request: &mut Request) -> Result<Response> {
        let mut form = request.form_data().await?; // urlencoded or multipart; files beyond a threshold are on disk
        if let Some(contact) = clean(&mut form) {
            request.session.insert("contact", (contact.name, contact.email, contact.age))?;
            if let Some(photo) = contact.photo {
                photo.save_in("media").await?;
            }
            return Ok(redirect("/thanks/"));
        }
        render(request, "contact.html", context! { form })
    }
}

#[tokio::test]
async fn the_books_form_takes_a_photo() {
    let site = crate::support::site::Site::new(&crate::support::asking::lines(""))
        .file("templates/contact.html", "{{ form }}");
    let client = nuages::testing::Client::new(site.app(vec![nuages::urls::path("", forms::contact)]));
    let page = client.get("/").await.text().into_owned();
    assert!(page.starts_with("<form method=\"post\" enctype=\"multipart/form-data\">"), "{page}");
    let form = client.post("/").form(&[("name", "Ann"), ("email", "ann@example.com")]);
    let sent = form.upload("photo", "a.png", "image/png", b"\x89PNG\r\n\x1a\n").await;
    assert_eq!(sent.header("location"), Some("/thanks/"));
    assert!(site.path().join("media/a.png").is_file());
}

#[tokio::test]
async fn the_books_project_answers() {
    let site = crate::support::site::Site::new(&crate::support::asking::lines(""))
        .file("templates/index.html", "visit {{ visits }}");
    let app = site.app(urls::urlpatterns()).middleware(views::timing);
    let client = nuages::testing::Client::new(app);
    assert_eq!(client.get("/").await.text(), "visit 1");
    assert_eq!(client.get("/blog/").await.text(), "visit 2");
    let answer = client.get("/articles/2026/hello/").await;
    assert_eq!(answer.header("location"), Some("/articles/2026/hello/"));
    assert!(answer.header("server-timing").is_some_and(|value| value.starts_with("app;dur=")));
}
