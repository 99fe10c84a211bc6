//! This program plays manage.py's role: `cargo run -- migrate`, `cargo run -- runserver`.

mod urls;
mod views;

#[cfg(test)]
mod tests;

fn main() -> std::process::ExitCode {
    manage::run(|settings| nuages::App::new(settings).urls(urls::urlpatterns()))
}
