mod server;
mod session_engines;
mod signing;
mod vectors;
