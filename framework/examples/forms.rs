//! A form with checks, errors and redisplay: `cargo run -p nuages --example forms [ADDRESS]`.
//!
//! One declaration reads the values, checks them, and says how the fields look; `{{ form }}` writes the HTML
//! with labels, errors and the CSRF token. The same view answers JSON clients with problem details.

use std::{env, error::Error};

use nuages::{
    App,
    prelude::*,
    server::{Listener, serve, signals},
    settings::Settings,
    urls::path,
};

const SETTINGS: &str = r#"
SECRET_KEY = "only for this example: 7c2e4a6f8b0d1e3c5a7f9b2d4e6c8a0f"
DEBUG = true
SESSION_ENGINE = "cache"
"#;

struct Order {
    email: String,
    size: String,
    lines: Vec<(String, u32)>,
}

fn clean(form: &mut Form) -> Option<Order> {
    let order = Order {
        email: form.email("email").label("E-mail").help_text("We send the bill there.").required(),
        size: form.select("size", [("s", "Small"), ("l", "Large")]).initial("s").required(),
        lines: form.list("lines").min(1).max(20).rows(2).each(|line| {
            let sku = line.text("sku").max_length(10).required();
            (sku, line.integer("count").range(1..=99).required())
        }),
    };
    let total: u32 = order.lines.iter().map(|(_, count)| count).sum();
    form.check_all(total <= 100, "At most 100 pieces in one order.");
    form.submit("Order");
    form.valid(order)
}

async fn order(request: &mut Request) -> Result<Response> {
    let mut form = request.form_data().await?;
    if let Some(order) = clean(&mut form) {
        let text = format!("{} orders {:?} in {}", order.email, order.lines, order.size);
        return Ok(Response::text(text));
    }
    if form.is_bound() && request.content_type() == "application/json" {
        return Ok(form.problem());
    }
    render(request, "form.html", context! { title => "Order", form })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Relative paths in the settings, such as the default `templates`, start here.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let settings = Settings::from_toml(SETTINGS, folder.as_ref())?;
    let app = App::new(settings.clone()).urls(vec![path("", order).name("order")]);
    app.check()?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = Listener::bind(&address).await?;
    eprintln!("http://{}/", listener.local_addr());
    let mut signals = signals()?;
    serve(listener, app, &settings.server, async {
        let _ = signals.next().await;
    })
    .await;
    Ok(())
}
