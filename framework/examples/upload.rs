//! Uploading pictures: `cargo run -p nuages --example upload [ADDRESS]`.
//!
//! Large files wait on disk while the request runs. `save_in` gives each file a name of its own in the folder,
//! and the files are served from there, because this is development: `DEBUG = true`.

use std::{env, error::Error, fs};

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
MEDIA_URL = "media/"
"#;

async fn index(request: &mut Request) -> Result<Response> {
    let folder = request.settings().uploads.media_root.clone().unwrap_or_default();
    let mut form = request.form_data().await?;
    let picture =
        form.file("picture").max_bytes(5 << 20).types(&["image/png", "image/jpeg", "image/gif"]).required();
    form.submit("Upload");
    if let Some(picture) = form.valid(picture) {
        let path = picture.save_in(&folder).await?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(redirect(format!("/media/{name}")));
    }
    render(request, "form.html", context! { title => "Upload a picture", form })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let media = env::temp_dir().join(format!("nuages-example-upload-{}", std::process::id()));
    fs::create_dir_all(&media)?;
    let text = format!("{SETTINGS}MEDIA_ROOT = {media:?}\n");
    // Relative paths in the settings, such as the default `templates`, start here.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let settings = Settings::from_toml(&text, folder.as_ref())?;
    let app = App::new(settings.clone()).urls(vec![path("", index).name("index")]);
    app.check()?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = Listener::bind(&address).await?;
    eprintln!("http://{}/", listener.local_addr());
    let mut signals = signals()?;
    serve(listener, app, &settings.server, async {
        let _ = signals.next().await;
    })
    .await;
    fs::remove_dir_all(&media)?;
    Ok(())
}
