//! Encrypts connections as `OPTIONS.sslmode` says.

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls, config::SslMode};
#[cfg(feature = "tls")]
use tokio_postgres_rustls::MakeRustlsConnect;

#[cfg(feature = "tls")]
use super::tls;

/// Whether connections are encrypted, and how certificates are checked.
#[derive(Clone)]
pub(super) enum Encryption {
    Off,
    #[cfg(feature = "tls")]
    Tls(MakeRustlsConnect),
}

impl Encryption {
    pub(super) async fn connect(&self, config: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        match self {
            Self::Off => {
                let (client, connection) = config.connect(NoTls).await?;
                Ok((client, drive(connection)))
            }
            #[cfg(feature = "tls")]
            Self::Tls(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                Ok((client, drive(connection)))
            }
        }
    }
}

/// Runs a connection in a task of its own.
fn drive(connection: impl Future<Output = Result<(), Error>> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to PostgreSQL has ended");
        }
    })
}

/// Sets the `sslmode` of `config`, and returns how to encrypt.
///
/// # Errors
///
/// The reason why this `sslmode` cannot be used.
pub(super) fn encryption(config: &mut Config, mode: Option<&str>) -> Result<Encryption, String> {
    config.ssl_mode(match mode {
        Some("disable") => SslMode::Disable,
        None | Some("allow" | "prefer") => SslMode::Prefer,
        Some(_) => SslMode::Require,
    });
    #[cfg(feature = "tls")]
    match config.get_ssl_mode() {
        SslMode::Disable => Ok(Encryption::Off),
        _ => Ok(Encryption::Tls(tls::connector(mode)?)),
    }
    #[cfg(not(feature = "tls"))]
    match config.get_ssl_mode() {
        SslMode::Require => Err("needs the cargo feature `tls` of the crate `nuages`".to_owned()),
        _ => Ok(Encryption::Off),
    }
}
