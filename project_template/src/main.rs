//! The project's program, in the role of Django's manage.py: `cargo run -- migrate`, `cargo run -- runserver`.

mod urls;
mod views;

#[cfg(test)]
mod tests;

fn main() -> std::process::ExitCode {
    manage::run(|settings| nuages::App::new(settings).urls(urls::urlpatterns()))
}
