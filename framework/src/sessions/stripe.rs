//! The stripe that a key belongs to: locks and queues are shared by the keys of one stripe.

/// A number below `stripes`, the same for a key in every process.
pub(super) fn stripe(key: &str, stripes: usize) -> usize {
    key.bytes().fold(7usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte))) % stripes
}
