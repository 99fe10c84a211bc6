//! Uploads over real connections: their places and memory, and what is left of those that break off.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use nuages::{App, prelude::*, urls::path, view::csrf_exempt};
use tempfile::TempDir;

use super::harness::{Client, Running, settings, start_with};
use crate::support::{polling::until, program::Program};

const PATIENCE: Duration = Duration::from_secs(20);

async fn upload(request: &mut Request) -> Result<String> {
    let form = request.form_data().await?;
    let size: u64 = form.uploads("file").iter().map(|file| file.size()).sum();
    Ok(format!("{size} bytes"))
}

struct Uploads {
    server: Running,
    temp: TempDir,
}

impl Uploads {
    async fn start(text: &str) -> Self {
        let temp = tempfile::tempdir().expect("a folder");
        let text = format!("FILE_UPLOAD_TEMP_DIR = {:?}\n{text}", temp.path());
        let app = App::new(settings(&text)).urls(vec![path("upload/", csrf_exempt(upload))]);
        Self { server: start_with(&text, app).await, temp }
    }

    /// A client that has sent a head and the first bytes of a file of `size` bytes.
    async fn begin(&self, size: usize, first: usize) -> Client {
        let mut client = self.server.connect().await;
        client.send(start("/upload/", size) + &"x".repeat(first)).await;
        client
    }

    fn files(&self) -> usize {
        files_in(self.temp.path())
    }
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

const PART: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
const END: &str = "\r\n--b--\r\n";

/// The request's head and the part's head of a file of `size` bytes.
fn start(path: &str, size: usize) -> String {
    let length = PART.len() + size + END.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {length}\r\n\r\n{PART}"
    )
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_no_file() {
    let uploads = Uploads::start("FILE_UPLOAD_MAX_MEMORY_SIZE = 1000").await;
    let client = uploads.begin(1_000_000, 400_000).await;
    until(PATIENCE, async || uploads.files() == 1).await;
    drop(client);
    until(PATIENCE, async || uploads.files() == 0).await;
    let slow = Uploads::start("FILE_UPLOAD_MAX_MEMORY_SIZE = 1000\nSERVER_BODY_TIMEOUT = 0.5").await;
    let mut client = slow.begin(1_000_000, 400_000).await;
    until(PATIENCE, async || slow.files() == 1).await;
    assert!(client.response().await.starts_with("HTTP/1.1 408 "));
    until(PATIENCE, async || slow.files() == 0).await;
}

#[tokio::test]
async fn two_hundred_uploads_at_once_need_few_places_and_little_memory() {
    // Without giving memory back, two uploads would take all of it.
    let uploads = Uploads::start(
        "SERVER_MAX_REQUESTS = 4\nSERVER_MAX_BODY_MEMORY = 6000000\nFILE_UPLOAD_MAX_MEMORY_SIZE = 10000\n\
         SERVER_MAX_QUEUED_REQUESTS = 1000\nSERVER_QUEUE_TIMEOUT = 60",
    )
    .await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(uploads.begin(300_000, 200_000).await);
    }
    until(PATIENCE, async || uploads.files() == 200).await;
    for client in &mut clients {
        client.send("y".repeat(100_000) + END).await;
    }
    for client in &mut clients {
        let response = client.response().await;
        assert!(response.ends_with("300000 bytes"), "{response}");
    }
    until(PATIENCE, async || uploads.files() == 0).await;
}

/// The most memory that a process has used, in bytes.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Uploads `size` bytes to a program; returns its response.
fn send_file(program: &Program, size: usize) -> String {
    let mut stream = TcpStream::connect(program.address()).expect("a connection");
    stream.write_all(start("/upload/", size).as_bytes()).expect("sent");
    let block = vec![b'x'; 1 << 20];
    for _ in 0..size / block.len() {
        stream.write_all(&block).expect("sent");
    }
    stream.write_all(END.as_bytes()).expect("sent");
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    while !text.ends_with(b"}") {
        let count = stream.read(&mut buffer).expect("a response");
        assert_ne!(count, 0, "closed");
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).expect("UTF-8")
}

#[test]
fn a_gigabyte_is_received_in_flat_memory() {
    let mut program =
        Program::new("SESSION_ENGINE = \"signed_cookies\"\nFILE_UPLOAD_TEMP_DIR = \"sessions\"");
    program.start();
    send_file(&program, 8 << 20);
    let before = peak_memory(program.id());
    assert!(send_file(&program, 1 << 30).ends_with("{\"sizes\":[1073741824]}"));
    let grown = peak_memory(program.id()).saturating_sub(before);
    println!("the peak was {before} bytes and grew by {grown}");
    assert!(grown < 8 << 20, "{grown} bytes more");
    assert_eq!(files_in(&program.folder().join("sessions")), 0);
}
