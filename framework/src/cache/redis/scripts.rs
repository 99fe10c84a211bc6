//! Two operations for which Redis has no command, as Lua scripts. The server runs each atomically.
//!
//! `GET` returns an error, which is a Lua table, if another program keeps a list or a hash under the key. Such
//! a value equals none.

use std::sync::LazyLock;

use redis::Script;

/// `KEYS`: the key. `ARGV`: whether a value is expected, that value, whether there is a new value, that
/// value, its life in milliseconds (empty for no end). Returns 1 where it replaced the value, else 0.
pub(super) static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local present = redis.pcall('GET', KEYS[1])
if type(present) == 'table' then return 0 end
if ARGV[1] == '1' then
    if present ~= ARGV[2] then return 0 end
elseif present then
    return 0
end
if ARGV[3] == '0' then
    redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then
    redis.call('SET', KEYS[1], ARGV[4])
else
    redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1",
    )
});

/// `KEYS`: from, to. `ARGV`: the expected value, whether there is a new value, that value, its life in
/// milliseconds (empty for no end). Returns 0 done, 1 changed, 2 gone, 3 taken. The old entry is deleted
/// last: where the server has no memory for the new one, nothing changes.
pub(super) static MOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local present = redis.pcall('GET', KEYS[1])
if type(present) == 'table' then return 1 end
if not present then return 2 end
if present ~= ARGV[1] then return 1 end
if KEYS[1] ~= KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return 3 end
if ARGV[2] == '0' then
    redis.call('DEL', KEYS[1])
    return 0
elseif ARGV[4] == '' then
    redis.call('SET', KEYS[2], ARGV[3])
else
    redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
end
if KEYS[1] ~= KEYS[2] then redis.call('DEL', KEYS[1]) end
return 0",
    )
});
