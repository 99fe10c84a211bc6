//! `redis`: a cache on a Redis server (6 or later), which several processes and machines share.
//!
//! All operations share one connection. A server that is down causes errors within two seconds, and is
//! used again within one second of its return. Redis Cluster and Sentinel are not supported.

mod link;
mod location;
mod scripts;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, RedisError};

pub use location::LocationError;

use super::{CacheError, CacheFuture, CacheStore, Cursor, KeySpace, Moved, Page, Ttl, keyspace::Life};
use crate::log_once::LogOnce;
use link::Link;

/// The number of keys that the server examines for one page of a scan.
const PAGE: u32 = 1000;

/// A cache on a Redis server. Clones share the connection.
///
/// # Examples
///
/// ```no_run
/// use nuages::cache::{CacheStore, KeySpace, Redis, Ttl};
///
/// # async fn example() -> nuages::Result<()> {
/// let cache = Redis::open("redis://localhost:6379/1", KeySpace::new("shop", 1))?;
/// cache.set("greeting", "hello".into(), Ttl::Default).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    keys: KeySpace,
    link: Arc<Link>,
}

impl Redis {
    /// The cache on the server at `location`: `redis://user:password@host:port/db`, `rediss://…` (with
    /// the cargo feature `tls`), or `unix:///path?db=0`. Connects at the first use, not here.
    ///
    /// # Errors
    ///
    /// Where the URL cannot be used. The error's text holds no credentials.
    pub fn open(location: &str, keys: KeySpace) -> Result<Self, LocationError> {
        let (client, name) = location::parse(location)?;
        Ok(Self { keys, link: Arc::new(Link::new(client, name)) })
    }

    /// Sends one command and reads its answer as a `T`.
    fn ask<'a, T: FromRedisValue + Send + 'a>(&'a self, command: Cmd) -> CacheFuture<'a, T> {
        Box::pin(self.link.run(async move |mut connection| command.query_async(&mut connection).await))
    }

    fn put<'a>(&'a self, key: &str, value: &[u8], life: Life, only_if_absent: bool) -> CacheFuture<'a, bool> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.server_key(key)).arg(value);
        if let Life::For(duration) = life {
            command.arg("PX").arg(millis(duration));
        }
        if only_if_absent {
            command.arg("NX");
        }
        // The answer is nil where NX kept the present entry.
        let answer = self.ask::<Option<String>>(command);
        Box::pin(async move { Ok(answer.await?.is_some()) })
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    // The key space limits times to a hundred years.
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The arguments of the scripts: whether to store a new value, the value, and its life in milliseconds.
fn stored(new: Option<&Bytes>, life: Life) -> (&'static str, Bytes, String) {
    let life_text = match life {
        Life::For(duration) => millis(duration).to_string(),
        Life::Endless | Life::Expired => String::new(),
    };
    match new {
        Some(value) if life != Life::Expired => ("1", value.clone(), life_text),
        _ => ("0", Bytes::new(), life_text),
    }
}

/// Whether Redis refused the command because the key holds a list, a hash or the like.
fn is_of_another_type(error: &CacheError) -> bool {
    let CacheError::Answer { source, .. } = error else { return false };
    source.downcast_ref::<RedisError>().is_some_and(|error| error.code() == Some("WRONGTYPE"))
}

/// The `MATCH` pattern for keys that begin with `prefix`.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '^' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('*');
    pattern
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("server", &self.link.name()).finish_non_exhaustive()
    }
}

impl CacheStore for Redis {
    fn is_shared(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Bytes>> {
        let server_key = self.keys.server_key(key);
        let mut command = redis::cmd("GET");
        command.arg(&server_key);
        Box::pin(async move {
            match self.ask(command).await {
                // As MGET: a list or a hash, of another program perhaps, is no value.
                Err(error) if is_of_another_type(&error) => {
                    static LOGGED: LazyLock<LogOnce> = LazyLock::new(LogOnce::default);
                    if LOGGED.is_first(&server_key) {
                        tracing::warn!(target: "nuages.cache", %error, "a key in Redis is of another type: read as absent (logged once)");
                    }
                    Ok(None)
                }
                answer => answer,
            }
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> CacheFuture<'a, Vec<Option<Bytes>>> {
        if keys.is_empty() {
            return Box::pin(async { Ok(Vec::new()) });
        }
        let mut command = redis::cmd("MGET");
        keys.iter().for_each(|key| {
            command.arg(self.keys.server_key(key));
        });
        self.ask(command)
    }

    fn set<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, ()> {
        Box::pin(async move {
            match self.keys.life(ttl) {
                Life::Expired => self.delete(key).await?,
                life => self.put(key, &value, life, false).await?,
            };
            Ok(())
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: Bytes, ttl: Ttl) -> CacheFuture<'a, bool> {
        match self.keys.life(ttl) {
            Life::Expired => self.compare_and_set(key, None, None, ttl),
            life => self.put(key, &value, life, true),
        }
    }

    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<Bytes>,
        ttl: Ttl,
    ) -> CacheFuture<'a, bool> {
        let (has_new, new, life) = stored(new.as_ref(), self.keys.life(ttl));
        let mut call = scripts::COMPARE_AND_SET.key(self.keys.server_key(key));
        call.arg(if expected.is_some() { "1" } else { "0" }).arg(expected.unwrap_or_default());
        call.arg(has_new).arg(&new[..]).arg(life);
        Box::pin(self.link.run(async move |mut connection| call.invoke_async(&mut connection).await))
    }

    fn move_value<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        new: Bytes,
        ttl: Ttl,
    ) -> CacheFuture<'a, Moved> {
        let (has_new, new, life) = stored(Some(&new), self.keys.life(ttl));
        let mut call = scripts::MOVE.key(self.keys.server_key(from));
        call.key(self.keys.server_key(to)).arg(expected).arg(has_new).arg(&new[..]).arg(life);
        Box::pin(self.link.run(async move |mut connection| {
            let outcome: u8 = call.invoke_async(&mut connection).await?;
            match outcome {
                0 => Ok(Moved::Done),
                1 => Ok(Moved::Changed),
                2 => Ok(Moved::Gone),
                3 => Ok(Moved::Taken),
                _ => Err(RedisError::from((
                    redis::ErrorKind::UnexpectedReturnType,
                    "expected a number from 0 to 3",
                ))),
            }
        }))
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        let mut command = redis::cmd("DEL");
        command.arg(self.keys.server_key(key));
        self.ask(command)
    }

    fn exists<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        let mut command = redis::cmd("EXISTS");
        command.arg(self.keys.server_key(key));
        self.ask(command)
    }

    fn scan<'a>(&'a self, prefix: &'a str, from: Option<Cursor>) -> CacheFuture<'a, Page> {
        let mut command = redis::cmd("SCAN");
        command.arg(from.unwrap_or_default().0);
        command.arg("MATCH").arg(pattern(&self.keys.server_key(prefix))).arg("COUNT").arg(PAGE);
        let answer = self.ask::<(u64, Vec<Vec<u8>>)>(command);
        Box::pin(async move {
            let (next, server_keys) = answer.await?;
            // A key that is not UTF-8 was not written by this cache.
            let texts = server_keys.iter().filter_map(|key| std::str::from_utf8(key).ok());
            let keys = texts.filter_map(|key| self.keys.strip(key).map(str::to_owned)).collect();
            Ok(Page { next: (next != 0).then_some(Cursor(next)), keys })
        })
    }

    fn clear(&self) -> CacheFuture<'_, ()> {
        Box::pin(async move {
            let mut from = None;
            loop {
                let page = self.scan("", from).await?;
                if !page.keys.is_empty() {
                    let mut command = redis::cmd("UNLINK");
                    page.keys.iter().for_each(|key| {
                        command.arg(self.keys.server_key(key));
                    });
                    self.ask::<u64>(command).await?;
                }
                from = page.next;
                if from.is_none() {
                    return Ok(());
                }
            }
        })
    }
}
