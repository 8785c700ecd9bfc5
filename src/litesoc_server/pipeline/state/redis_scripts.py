"""What runs inside Redis: each script is one atomic step."""

from enum import IntEnum


class Begin(IntEnum):
    """What BEGIN_REBUILD answers."""

    NOT_NEEDED = 0
    BY_US = 1
    BY_ANOTHER = 2


# KEYS[1]: the marker, or the rebuild lock when ARGV[1] (the lock's owner) is not empty. ARGV[2]: life of the lock, ms.
# Per further key three arguments: the stamp our copy has (empty: no such key), the new blob (empty: we only looked), its
# life in ms. Returns nil when the marker is gone or the lock not ours, else pairs of (index, blob or nil) for wrong copies.
EXCHANGE = """
if ARGV[1] == '' then
    if redis.call('EXISTS', KEYS[1]) == 0 then return false end
    redis.call('SET', KEYS[1], redis.call('TIME')[1])
else
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
local wrong = {}
for index = 2, #KEYS do
    local key, at = KEYS[index], 3 * index - 3
    if redis.call('GETRANGE', key, 0, 7) ~= ARGV[at] then
        wrong[#wrong + 1] = index - 2
        wrong[#wrong + 1] = redis.call('GET', key)
    elseif ARGV[at + 1] ~= '' then
        redis.call('SET', key, ARGV[at + 1], 'PX', ARGV[at + 2])
    end
end
return wrong
"""

# KEYS: marker, lock. ARGV: owner, life of the lock in ms, the longest standstill in ms.
BEGIN_REBUILD = """
local used_at = tonumber(redis.call('GET', KEYS[1]))
if used_at and redis.call('TIME')[1] - used_at <= ARGV[3] / 1000 then return 0 end
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return 2 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[1])
return 1
"""

# KEYS: marker, lock. ARGV: owner, 1 if the state is complete. Only the owner of the lock may say so.
END_REBUILD = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[2] == '1' then redis.call('SET', KEYS[1], redis.call('TIME')[1]) end
return 1
"""

# KEYS[1]: a key. ARGV: the stamp it must have, the blob to put there (empty: to drop the key). Its life stays as it is.
REPLACE = """
if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('UNLINK', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end
return 1
"""
