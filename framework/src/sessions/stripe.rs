//! Spreads session keys over a fixed number of locks or queues.

/// The index below `count` that `key` belongs to. All processes of a site agree on it.
pub(crate) fn stripe(key: &str, count: usize) -> usize {
    key.bytes().fold(7usize, |hash, byte| hash.wrapping_mul(31) + usize::from(byte)) % count
}
