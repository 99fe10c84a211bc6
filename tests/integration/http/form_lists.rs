//! Forms: lists of forms, many values, dates, and serde's forms.

use nuages::{prelude::*, testing::Client, urls::path};

use crate::support::{asking::lines, site::Site};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

async fn order(request: &mut Request) -> Result<Response> {
    let mut form = request.form_data().await?;
    let lines = form.list("lines").min(1).max(3).rows(2).each(|line| {
        let count: u32 = line.integer("count").range(1..).required();
        let notes = line.list("notes").rows(0).each(|note| note.text("text").required());
        (line.text("sku").required(), count, notes)
    });
    match form.valid(lines) {
        Some(lines) => Response::json(&lines),
        None => render(request, "form.html", context! { form }),
    }
}

#[tokio::test]
async fn a_list_of_forms_has_rows() {
    let site = Site::new(&lines("")).file("templates/form.html", "{{ form }}");
    let client = Client::new(site.app(vec![path("order/", order)]));
    let unbound = client.get("/order/").await.text().into_owned();
    assert!(unbound.contains("<fieldset id=\"id_lines\">\n<legend>Lines</legend>"), "{unbound}");
    assert!(unbound.contains("name=\"lines-1-sku\"") && !unbound.contains("lines-2-sku"), "{unbound}");
    let sent = client.post("/order/").form(&[
        ("lines-0-sku", "a"),
        ("lines-0-count", "2"),
        ("lines-1-sku", ""),
        ("lines-1-count", " "),
        ("lines-7-sku", "b"),
        ("lines-7-count", "1"),
        ("lines-7-notes-0-text", "fragile"),
    ]);
    assert_eq!(
        json_of(&sent.await.text()),
        json!([["a", 2, []], ["b", 1, ["fragile"]]]),
        "the blank row is left out"
    );
    let wrong = client.post("/order/").form(&[("lines-0-sku", "a"), ("lines-0-count", "0")]).await;
    assert!(
        wrong.text().contains("id=\"id_lines-0-count_error\"><li>Enter 1 or more.</li>"),
        "{}",
        wrong.text()
    );
    let none = client.post("/order/").form(&[("lines-0-sku", "")]).await;
    assert!(none.text().contains("Fill in at least 1 of the rows."), "{}", none.text());
    let many: Vec<(String, &str)> = (0..4).map(|index| (format!("lines-{index}-sku"), "x")).collect();
    assert!(
        client.post("/order/").form(&many).await.text().contains("Too many rows: at most 3 are allowed.")
    );
    let json = json!({ "lines": [{ "sku": "a", "count": 1, "notes": [{ "text": "n" }] }] });
    assert_eq!(json_of(&client.post("/order/").json(&json).await.text()), json!([["a", 1, ["n"]]]));
}

#[tokio::test]
async fn many_values_cost_time_in_proportion() {
    let rows: Vec<Value> = (0..50_000).map(|index| json!({ "a": index, "b": [{ "c": 1 }] })).collect();
    let begun = std::time::Instant::now();
    let mut form = Form::from_json(json!({ "rows": rows }));
    let found = form.list("rows").max(100_000).each(|row| {
        let numbers: Vec<u8> = row.list("b").each(|inner| inner.integer("c").required());
        (row.integer("a").required::<u32>(), numbers)
    });
    assert_eq!(form.valid(found).map(|rows| rows.len()), Some(50_000));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn dates_and_times_are_those_of_browsers() {
    for (text, good) in [
        ("2026-01-31T12:30", true),
        ("2026-01-31 12:30:05.25", true),
        ("2026-01-31T24:00", false),
        ("2026-01-31", false),
        ("2026-1-31T12:30", false),
    ] {
        let mut form = Form::from_json(json!({ "x": text }));
        let _ = form.datetime("x").required();
        assert_eq!(form.is_valid(), good, "{text}");
    }
    for (text, good) in
        [("12:30", true), ("23:59:59", true), ("12", false), ("25:00", false), ("1:00", false)]
    {
        let mut form = Form::from_json(json!({ "x": text }));
        let _ = form.time("x").required();
        assert_eq!(form.is_valid(), good, "{text}");
    }
    for text in ["0000-01-01", "99999-01-01", "2026-13-01", "２０２６-01-01"] {
        let mut form = Form::from_json(json!({ "x": text }));
        let _ = form.date("x").required();
        assert!(!form.is_valid(), "{text}");
    }
}

#[tokio::test]
async fn a_form_for_serde_names_the_field_that_does_not_fit() {
    #[derive(serde::Deserialize)]
    struct Order {
        count: u32,
    }
    let view = async |request: &mut Request| -> Result<String> {
        let order: Order = request.form().await?;
        Ok(order.count.to_string())
    };
    let site = Site::new("SESSION_ENGINE = \"signed_cookies\"");
    let client = Client::new(site.app(vec![path("", view)]));
    let wrong = client.post("/").form(&[("count", "many")]).await;
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().contains("the form does not fit: the field &quot;count&quot;"), "{}", wrong.text());
    assert!(client.post("/").form(&[("x", "1")]).await.text().contains("missing field `count`"));
}
