//! Serves the example: `axum-sessions [SETTINGS [ADDRESS]]`.

use std::{env, error::Error, path::Path, process::ExitCode};

use axum_sessions::router;
use nuages::{
    db::Databases,
    migrations::{MigrationTarget, Migrations, Mode},
    settings::Settings,
    tower::SessionLayer,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let settings = arguments.next().unwrap_or_else(|| "settings.toml".to_owned());
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let settings = Settings::load(Path::new(&settings))?;
    // What `manage migrate` does. Beside a site that has its table already, this finds nothing to do.
    if let Some(database) = Databases::open(&settings)?.get("default") {
        let migrations = Migrations::discover(&settings)?;
        let sessions = MigrationTarget::App("sessions".to_owned());
        migrations.apply(database, &sessions, Mode::Run, &mut |_| ()).await?;
    }
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, router(SessionLayer::from_settings(&settings)?)).await?;
    Ok(())
}
