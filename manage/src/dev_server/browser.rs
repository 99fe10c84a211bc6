//! Opens the site in the developer's browser.

use std::{io, net::SocketAddr, process::Stdio};

use tokio::process::Command;

/// Returns the address of the site for a browser on this machine.
pub(super) fn site_url(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("http://127.0.0.1:{}/", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("http://[::1]:{}/", v6.port()),
        other => format!("http://{other}/"),
    }
}

/// Opens a URL: with the program that `BROWSER` names, else with the system's way.
///
/// # Errors
///
/// Where no such program can be run.
pub(super) fn open(url: &str) -> io::Result<()> {
    let named = std::env::var_os("BROWSER").filter(|name| !name.is_empty());
    let usual = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(named.unwrap_or_else(|| usual.into()));
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The browser outlives this process.
    command.process_group(0).spawn().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_the_machine_are_opened_as_loopback() {
        let url = |text: &str| site_url(text.parse().expect("an address"));
        assert_eq!(url("0.0.0.0:8000"), "http://127.0.0.1:8000/");
        assert_eq!(url("[::]:8000"), "http://[::1]:8000/");
        assert_eq!(url("127.0.0.2:80"), "http://127.0.0.2:80/");
    }
}
