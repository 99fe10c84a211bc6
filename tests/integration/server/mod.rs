//! The server on a real socket: raw bytes in, raw bytes out. One test for each row of its promises.

mod application;
mod drain;
mod harness;
mod limits;
mod protocol;
mod smuggling;
