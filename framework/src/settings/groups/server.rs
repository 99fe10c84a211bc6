//! `SERVER_*`, `GRACEFUL_TIMEOUT`, `DATA_UPLOAD_*` and `FILE_UPLOAD_MAX_MEMORY_SIZE`: the limits and timeouts
//! of the server and of request bodies.

use std::time::Duration;

use super::{
    reader::Reader,
    values::{Fallback::Is, MOST},
};

/// The greatest limit of bytes or fields.
const MOST_DATA: u64 = i64::MAX as u64;

/// Limits and timeouts of the server and of request bodies.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
/// use std::time::Duration;
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nSERVER_BODY_TIMEOUT = 0.5";
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.server.body_timeout, Duration::from_millis(500));
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerSettings {
    /// `SERVER_HEADER_TIMEOUT`. Default 10 s.
    pub header_timeout: Duration,
    /// `SERVER_KEEP_ALIVE_TIMEOUT`. Default 75 s.
    pub keep_alive_timeout: Duration,
    /// `SERVER_BODY_TIMEOUT`: without progress. Default 30 s.
    pub body_timeout: Duration,
    /// `SERVER_WRITE_TIMEOUT`: without progress. Default 30 s.
    pub write_timeout: Duration,
    /// `GRACEFUL_TIMEOUT`: the time for running requests after SIGTERM. Default 30 s.
    pub graceful_timeout: Duration,
    /// `SERVER_MAX_CONNECTIONS`. Default 10,000.
    pub max_connections: usize,
    /// `SERVER_MAX_REQUESTS`: requests that run at the same time. Default 1,024.
    pub max_requests: usize,
    /// `SERVER_MAX_QUEUED_REQUESTS`: requests that wait for a place; more get a 503. Default 4,096.
    pub max_queued_requests: usize,
    /// `SERVER_QUEUE_TIMEOUT`: how long a request waits until it may run; then the answer is a 503.
    pub queue_timeout: Duration,
    /// `SERVER_BODY_MIN_RATE`: the least rate of a request body in bytes a second, measured over
    /// `SERVER_BODY_TIMEOUT`.
    pub body_min_rate: usize,
    /// `SERVER_BODY_DEADLINE`: how long a request body may take altogether.
    pub body_deadline: Duration,
    /// `SERVER_MAX_BODY_MEMORY`: the largest size of all request bodies together, in bytes.
    pub max_body_memory: usize,
    /// `SERVER_MAX_HEADER_BYTES`. Default 65,536.
    pub max_header_bytes: usize,
    /// `DATA_UPLOAD_MAX_MEMORY_SIZE`. Default 2,621,440; none = no limit.
    pub data_upload_max_memory_size: Option<usize>,
    /// `DATA_UPLOAD_MAX_NUMBER_FIELDS`. Default 1,000; none = no limit.
    pub data_upload_max_number_fields: Option<usize>,
    /// `DATA_UPLOAD_MAX_NUMBER_FILES`. Default 100; none = no limit.
    pub data_upload_max_number_files: Option<usize>,
    /// `FILE_UPLOAD_MAX_MEMORY_SIZE`. Default 2,621,440.
    pub file_upload_max_memory_size: usize,
}

impl ServerSettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("server");
        Self {
            data_upload_max_memory_size: reader.maybe_count("DATA_UPLOAD_MAX_MEMORY_SIZE", 0..=MOST_DATA, Is(2_621_440), "The largest request body in bytes, files not counted; `\"none\"` sets no limit."),
            data_upload_max_number_fields: reader.maybe_count("DATA_UPLOAD_MAX_NUMBER_FIELDS", 0..=MOST_DATA, Is(1000), "The largest number of fields in a query or a form; `\"none\"` sets no limit."),
            data_upload_max_number_files: reader.maybe_count("DATA_UPLOAD_MAX_NUMBER_FILES", 0..=MOST_DATA, Is(100), "The largest number of files in a form; `\"none\"` sets no limit."),
            file_upload_max_memory_size: reader.count("FILE_UPLOAD_MAX_MEMORY_SIZE", 0..=MOST, 2_621_440, "The bytes of a form's files that stay in memory. Files beyond it are written to `FILE_UPLOAD_TEMP_DIR`."),
            header_timeout: reader.duration("SERVER_HEADER_TIMEOUT", 10, "Not in Django: how long the head of a request may take to arrive."),
            keep_alive_timeout: reader.duration("SERVER_KEEP_ALIVE_TIMEOUT", 75, "Not in Django: how long a connection may be idle between requests."),
            body_timeout: reader.duration("SERVER_BODY_TIMEOUT", 30, "Not in Django: how long the body of a request may make no progress."),
            write_timeout: reader.duration("SERVER_WRITE_TIMEOUT", 30, "Not in Django: how long a client may accept nothing of a response."),
            graceful_timeout: reader.duration("GRACEFUL_TIMEOUT", 30, "Not in Django: how long running requests may take after SIGTERM."),
            max_connections: reader.count("SERVER_MAX_CONNECTIONS", 1..=MOST, 10_000, "Not in Django: open connections. More wait in the system's backlog."),
            max_requests: reader.count("SERVER_MAX_REQUESTS", 1..=MOST, 1024, "Not in Django: requests that run at the same time."),
            max_queued_requests: reader.count("SERVER_MAX_QUEUED_REQUESTS", 0..=MOST, 4096, "Not in Django: requests that wait until others end. More get a 503."),
            queue_timeout: reader.duration("SERVER_QUEUE_TIMEOUT", 10, "Not in Django: how long a request waits until it may run; then the answer is a 503."),
            body_min_rate: reader.count("SERVER_BODY_MIN_RATE", 0..=MOST, 500, "Not in Django: the least rate of a request body in bytes a second, measured over `SERVER_BODY_TIMEOUT`; 0 sets no limit."),
            body_deadline: reader.duration("SERVER_BODY_DEADLINE", 3600, "Not in Django: how long a request body may take altogether."),
            max_body_memory: reader.count("SERVER_MAX_BODY_MEMORY", 1_048_576..=MOST, 268_435_456, "Not in Django: the largest size of all request bodies together in bytes. Beyond it bodies wait."),
            max_header_bytes: reader.count("SERVER_MAX_HEADER_BYTES", 8192..=MOST, 65_536, "Not in Django: the largest head of a request in bytes."),
        }
    }
}
