-- Writes what an exchange decided, if nobody changed anything of it since it was read; then 1, else 0 and nothing.
-- KEYS: time, holders, idle, accounts of the holder; then for each account: the account, the callers of its pool.
-- ARGV: holder, its record as read ('' for none), its new seq, the time as read; then for each account: the version as read
-- ('' for none), caller, number of fields, and the fields with their values, '' to remove one.
local time, holders, idle, mine = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local holder = ARGV[1]
if (redis.call('HGET', holders, holder) or '') ~= ARGV[2] then return 0 end
local at = 5
for key = 5, #KEYS, 2 do
    if (redis.call('HGET', KEYS[key], 'v') or '') ~= ARGV[at] then return 0 end
    at = at + 3 + 2 * tonumber(ARGV[at + 2])
end
local now = math.max(tonumber(redis.call('HGET', time, 'ms') or '0'), tonumber(ARGV[4]))
local now_text = string.format('%.0f', now)
redis.call('HSET', time, 'ms', now_text)
redis.call('HSET', holders, holder, ARGV[3] .. ' ' .. now_text)
at = 5
for key = 5, #KEYS, 2 do
    local account, callers, caller = KEYS[key], KEYS[key + 1], ARGV[at + 1]
    local fields = tonumber(ARGV[at + 2])
    at = at + 3
    for _ = 1, fields do
        if ARGV[at + 1] == '' then
            redis.call('HDEL', account, ARGV[at])
        else
            redis.call('HSET', account, ARGV[at], ARGV[at + 1])
        end
        at = at + 2
    end
    if fields > 0 then
        redis.call('HDEL', account, 'v', 'callers', 'caller')
        if redis.call('HLEN', account) == 0 then
            redis.call('DEL', account)
            redis.call('ZREM', idle, account)
            redis.call('SREM', callers, caller)
            redis.call('SREM', mine, account)
        else
            -- A number that no account ever had, so that one that goes and comes again is seen to be another.
            local version = redis.call('HINCRBY', time, 'versions', 1)
            redis.call('HSET', account, 'v', version, 'callers', callers, 'caller', caller)
            redis.call('ZADD', idle, now_text, account)
            redis.call('SADD', callers, caller)
            if redis.call('HEXISTS', account, 'l:' .. holder) == 1 then
                redis.call('SADD', mine, account)
            else
                redis.call('SREM', mine, account)
            end
        end
    end
end
return 1
