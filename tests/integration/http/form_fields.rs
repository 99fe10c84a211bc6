//! Forms: fields, checks, redisplay, HTML, lists, JSON, translation.

use nuages::{
    App,
    http::{FormMessage, UploadedFile},
    prelude::*,
    testing::{Client, TestResponse},
    urls::path,
};

use crate::support::{asking::lines, site::Site};

#[derive(Debug, serde::Serialize)]
struct Contact {
    name: String,
    email: String,
    age: Option<u8>,
    site: Option<String>,
    size: String,
    topics: Vec<String>,
    terms: bool,
    price: String,
    share: Option<f64>,
    day: String,
    code: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    message: Option<String>,
    photo: Option<u64>,
}

fn clean(form: &mut Form) -> Option<Contact> {
    let contact = Contact {
        name: form.text("name").min_length(2).max_length(10).help_text("<all> of it").required(),
        email: form.email("email").label("E-mail").required(),
        age: form.integer("age").range(18..=130).initial(30).optional(),
        site: form.url("site").optional(),
        size: form.select("size", [("s", "Small"), ("l", "Large & more")]).required(),
        topics: form.multiple("topics", [("a", "A"), ("b", "B")]).optional(),
        terms: form.checkbox("terms").required(),
        price: form.decimal("price").places(2).max_digits(6).range(0..=1000).required(),
        share: form.float("share").range(0.0..=1.0).optional(),
        day: form.date("day").required().to_string(),
        code: form.regex("code", "[A-Z]{2}[0-9]+").optional(),
        secret: form.password("secret").optional(),
        token: form.hidden("token").initial("t\"1").optional(),
        message: form.text("message").multiline().optional(),
        photo: form.file("photo").max_bytes(2 << 10).types(&["image/png"]).optional().map(|file| file.size()),
    };
    form.check("email", !contact.email.ends_with(".invalid"), "Where can we reach you?");
    form.check_all(contact.name != "everyone", "Not everyone at once.");
    form.valid(contact)
}

async fn contact(request: &mut Request) -> Result<Response> {
    let mut form = request.form_data().await?;
    if let Some(contact) = clean(&mut form) {
        return Response::json(&contact);
    }
    if request.content_type() == "application/json" {
        return Ok(form.problem());
    }
    render(request, "form.html", context! { form })
}

const FIELDS: &str = "{% for field in form %}{{ field.name }}|{{ field.type }}|{{ field.label }}|{{ field.value }}|\
                      {{ field.errors|join(', ') }}|{{ field.required }}|{{ field.help_text }}\n{% endfor %}\
                      {{ form.email.widget }}\n{{ form.enctype }}";

fn site() -> Site {
    Site::new(&lines("")).file("templates/form.html", "{{ form }}").file("templates/fields.html", FIELDS)
}

fn app(site: &Site) -> App {
    let fields = async |request: &mut Request| -> Result<Response> {
        let mut form = request.form_data().await?;
        clean(&mut form);
        render(request, "fields.html", context! { form })
    };
    site.app(vec![path("", contact), path("fields/", fields)])
}

const GOOD: [(&str, &str); 8] = [
    ("name", " Ann "),
    ("email", "ann@example.com"),
    ("size", "l"),
    ("terms", "on"),
    ("price", "19.90"),
    ("day", "2026-01-31"),
    ("message", "a\r\nb"),
    ("secret", " x "),
];

/// The good values, with others in place of some.
fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = GOOD.into_iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(changes.iter().copied()).collect()
}

fn json_of(response: &TestResponse) -> Value {
    serde_json::from_str(&response.text()).unwrap_or_else(|_| panic!("{}", response.text()))
}

#[tokio::test]
async fn one_declaration_reads_urlencoded_multipart_and_json() {
    let site = site();
    let client = Client::new(app(&site));
    let expected = json!({
        "name": "Ann", "email": "ann@example.com", "age": null, "site": null, "size": "l", "topics": [],
        "terms": true, "price": "19.90", "share": null, "day": "2026-01-31", "code": null, "secret": " x ",
        "token": null, "message": "a\nb", "photo": null,
    });
    assert_eq!(json_of(&client.post("/").form(&GOOD).await), expected);
    let with_file =
        client.post("/").form(&GOOD).upload("photo", "a.png", "image/png", b"\x89PNG\r\n\x1a\n...");
    assert_eq!(json_of(&with_file.await)["photo"], 11);
    let mut body = expected.clone();
    body["age"] = json!(40);
    body["topics"] = json!(["a", "b"]);
    body["price"] = json!(7.5);
    let answer = json_of(&client.post("/").json(&body).await);
    assert_eq!(
        (&answer["age"], &answer["topics"], &answer["price"]),
        (&json!(40), &json!(["a", "b"]), &json!("7.5"))
    );
    let two = client.post("/").form(&with(&[("topics", "b"), ("age", "18.0")])).await;
    assert_eq!((&json_of(&two)["topics"], &json_of(&two)["age"]), (&json!(["b"]), &json!(18)));
}

#[tokio::test]
async fn every_check_says_what_is_wrong() {
    let site = site();
    let client = Client::new(app(&site));
    for (name, value, message) in [
        ("name", "", "This field is required."),
        ("name", " \t", "This field is required."),
        ("name", "A", "Enter at least 2 characters, not 1."),
        ("name", "Ann and the others", "Enter at most 10 characters, not 18."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("email", "ann@", "Enter an e-mail address such as ann@example.com."),
        ("email", "a@b.invalid", "Where can we reach you?"),
        ("age", "17", "Enter 18 or more."),
        ("age", "131", "Enter 130 or less."),
        ("age", "20.5", "Enter a whole number."),
        ("age", "1,000", "Enter a number without commas, and with a point before the decimals: 1234.5."),
        ("age", "9999999999999999999999999999999999999999999", "This number is out of range."),
        ("site", "javascript:alert(1)", "Enter a URL such as https://example.com/."),
        ("size", "xl", "xl is not one of the choices."),
        ("topics", "c", "c is not one of the choices."),
        ("terms", "", "This field is required."),
        ("terms", "false", "This field is required."),
        ("price", "1.999", "Enter at most 2 decimals."),
        ("price", "12345.67", "Enter at most 6 digits."),
        ("price", "-1", "Enter 0 or more."),
        ("price", "19,90", "Enter a number without commas, and with a point before the decimals: 1234.5."),
        ("price", "1e2", "Enter a number."),
        ("share", "NaN", "Enter a number."),
        ("share", "1.5", "Enter 1 or less."),
        ("day", "31.1.2026", "Enter a date such as 2026-01-31."),
        ("day", "2026-02-30", "Enter a date such as 2026-01-31."),
        ("code", "AB", "Enter a valid value."),
        ("code", "xAB1", "Enter a valid value."),
    ] {
        let values: Vec<(&str, &str)> =
            GOOD.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect();
        let page = client.post("/").form(&values).await;
        assert_eq!(page.status(), 200, "{name} = {value:?}");
        let text = page.text().replace("&#x2f;", "/");
        assert!(
            text.contains(&format!("id=\"id_{name}_error\"><li>{message}</li></ul>")),
            "{value:?}: {text}"
        );
        assert_eq!(text.matches("errorlist").count(), 1, "{text}");
    }
    let whole = client.post("/").form(&with(&[("name", "everyone")])).await.text().into_owned();
    assert!(
        whole.contains("<ul class=\"errorlist nonfield\"><li>Not everyone at once.</li></ul>"),
        "{whole}"
    );
    for (file_name, kind, content, message) in [
        ("a.png", "image/png", vec![], "The file is empty."),
        ("a.png", "image/png", vec![b'x'; 3000], "The file is larger than 2 KiB."),
        ("a.gif", "image/gif", b"GIF89a".to_vec(), "Choose a file of the type image&#x2f;png."),
        ("a.png", "image/png", b"<script>".to_vec(), "Choose a file of the type image&#x2f;png."),
    ] {
        let page = client.post("/").form(&GOOD).upload("photo", file_name, kind, content).await;
        assert!(page.text().contains(message), "{message}: {}", page.text());
    }
}

#[tokio::test]
async fn an_unbound_form_shows_its_widgets_with_the_attributes_of_the_checks() {
    let site = site();
    let client = Client::new(app(&site));
    let page = client.get("/").await;
    let html = page.text().into_owned();
    for part in [
        "<form method=\"post\" enctype=\"multipart/form-data\">\n<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"",
        "<input type=\"text\" name=\"name\" id=\"id_name\" maxlength=\"10\" minlength=\"2\" required aria-describedby=\"id_name_helptext\">",
        "<div class=\"helptext\" id=\"id_name_helptext\">&lt;all&gt; of it</div>",
        "<label for=\"id_email\">E-mail</label>",
        "<input type=\"email\" name=\"email\" id=\"id_email\" maxlength=\"320\" required>",
        "<input type=\"number\" name=\"age\" id=\"id_age\" min=\"18\" max=\"130\" value=\"30\">",
        "<select name=\"size\" id=\"id_size\" required>\n<option value=\"\">---------</option>",
        "<option value=\"l\">Large &amp; more</option>",
        "<select name=\"topics\" id=\"id_topics\" multiple>",
        "<input type=\"checkbox\" name=\"terms\" id=\"id_terms\" required>",
        "<input type=\"number\" name=\"price\" id=\"id_price\" step=\"0.01\" min=\"0\" max=\"1000\" required>",
        "<input type=\"date\" name=\"day\" id=\"id_day\" required>",
        "pattern=\"[A-Z]{2}[0-9]+\"",
        "<input type=\"hidden\" name=\"token\" id=\"id_token\" value=\"t&quot;1\">",
        "<textarea cols=\"40\" rows=\"10\" name=\"message\" id=\"id_message\">\n</textarea>",
        "<input type=\"file\" name=\"photo\" id=\"id_photo\" accept=\"image&#x2f;png\">",
        "<div><button type=\"submit\">Send</button></div>\n</form>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!html.contains("errorlist"), "{html}");
    assert_eq!(client.cookie("csrftoken").map(|secret| secret.len()), Some(32));
    let strict = client.clone().enforce_csrf_checks(true);
    let token = html.split("csrfmiddlewaretoken\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let token = [("csrfmiddlewaretoken", token.expect("a token"))];
    let sent: Vec<(&str, &str)> = GOOD.into_iter().chain(token).collect();
    assert_eq!(strict.post("/").form(&sent).upload("photo", "", "", "").await.status(), 200);
    assert_eq!(strict.post("/").form(&GOOD).upload("photo", "", "", "").await.status(), 403);
}

#[tokio::test]
async fn what_was_typed_is_shown_again_except_passwords_and_files() {
    let site = site();
    let client = Client::new(app(&site));
    let typed =
        with(&[("name", "<b>\"x\"</b> and more"), ("age", "x"), ("secret", "hidden!"), ("topics", "b")]);
    let form = client.post("/").form(&typed).upload("photo", "secret-name.png", "image/png", "x");
    let html = form.await.text().into_owned();
    for part in [
        "value=\"&lt;b&gt;&quot;x&quot;&lt;&#x2f;b&gt; and more\"",
        "aria-invalid=\"true\" aria-describedby=\"id_name_helptext id_name_error\"",
        "id=\"id_age\" min=\"18\" max=\"130\" aria-invalid=\"true\" aria-describedby=\"id_age_error\" value=\"x\">",
        "<option value=\"l\" selected>",
        "<option value=\"b\" selected>B</option>",
        "id=\"id_terms\" required checked>",
        ">\na\r\nb</textarea>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!html.contains("hidden!") && !html.contains("secret-name") && !html.contains("<b>"), "{html}");
}

#[tokio::test]
async fn a_template_shows_the_fields_one_by_one() {
    let site = site();
    let client = Client::new(app(&site));
    let text =
        client.post("/fields/").form(&with(&[("name", "<A"), ("email", "x")])).await.text().into_owned();
    assert!(text.contains("name|text|Name|&lt;A||True|&lt;all&gt; of it\n"), "{text}");
    assert!(
        text.contains("email|email|E-mail|x|Enter an e-mail address such as ann@example.com.|True|\n"),
        "{text}"
    );
    assert!(text.contains("topics|select|Topics|[]||False|\n"), "{text}");
    assert!(text.contains("\n<input type=\"email\" name=\"email\""), "{text}");
    assert!(text.ends_with("\nmultipart&#x2f;form-data"), "{text}");
}

#[tokio::test]
async fn json_that_is_not_valid_is_answered_with_problem_details() {
    let site = site();
    let client = Client::new(app(&site));
    let response = client.post("/").json(&json!({ "name": { "x": 1 }, "age": 5, "terms": false })).await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = json_of(&response);
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(422)));
    let errors = problem["errors"].as_array().expect("errors");
    let find = |pointer: &str| errors.iter().find(|error| error["pointer"] == pointer).expect("an error");
    assert_eq!(find("#/name")["detail"], "Enter a single value.");
    assert_eq!(
        find("#/age"),
        &json!({ "detail": "Enter 18 or more.", "pointer": "#/age", "code": "min_value" })
    );
    assert_eq!(find("#/terms")["code"], "required");
    for body in [json!([1]), json!("x"), json!(null)] {
        assert_eq!(client.post("/").json(&body).await.status(), 400);
    }
    let mut lines = Form::from_json(json!({ "lines": [{}, { "a/b": "x" }] }));
    let _: Vec<String> = lines.list("lines").each(|line| line.text("a/b").required());
    let problem: Value =
        serde_json::from_slice(lines.problem().body().as_bytes().expect("bytes")).expect("JSON");
    assert_eq!(problem["errors"][0]["pointer"], "#/lines/0/a~1b");
}

#[tokio::test]
async fn one_function_translates_every_message() {
    let site = site();
    let german = |message: &FormMessage| match message.code() {
        "required" => Some("Pflichtfeld.".to_owned()),
        "max_length" => Some("Höchstens {limit} Zeichen, nicht {length} {unknown}.".to_owned()),
        "submit" => Some("Senden".to_owned()),
        "check" => Some(message.text().to_uppercase()),
        _ => None,
    };
    let client = Client::new(app(&site).form_messages(german));
    let typed = with(&[("name", "eleven chars"), ("size", ""), ("email", "a@b.invalid"), ("age", "x")]);
    let html = client.post("/").form(&typed).await.text().into_owned();
    for part in [
        "Höchstens 10 Zeichen, nicht 12 {unknown}.",
        "Pflichtfeld.",
        "WHERE CAN WE REACH YOU?",
        "Enter a number.",
        ">Senden</button>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    let own = Form::from_json(json!({})).translated(|message| Some(message.code().to_owned()));
    let mut own = own;
    let _ = own.text("x").required();
    assert_eq!(own.errors(), [("x".to_owned(), "required".to_owned())]);
}

/// Holds no borrow of the form.
#[allow(dead_code)]
fn a_file_outlives_its_form(mut form: Form) -> UploadedFile {
    form.file("x").required()
}
