-- Takes back what dead holders were lent, as `limit::account::reclaim` has it, and forgets uses that count no more.
-- KEYS: time, holders, idle. ARGV: known time, time without a word after which a holder is dead, the longest step, how long
-- uses are kept, the start of the names of holders' accounts. Returns how many holders are gone.
local time, holders, idle = KEYS[1], KEYS[2], KEYS[3]
local now = math.max(tonumber(redis.call('HGET', time, 'ms') or '0'), tonumber(ARGV[1]))
local now_text = string.format('%.0f', now)
redis.call('HSET', time, 'ms', now_text)
local used = 'u:' .. string.format('%.0f', now + tonumber(ARGV[3]))
local function touch(account)
    redis.call('HSET', account, 'v', redis.call('HINCRBY', time, 'versions', 1))
    redis.call('ZADD', idle, now_text, account)
end
local gone = 0
local known = redis.call('HGETALL', holders)
for at = 1, #known, 2 do
    local holder = known[at]
    local heard = tonumber(string.match(known[at + 1], ' (%d+)$') or '0')
    if heard <= now - tonumber(ARGV[2]) then
        local mine = ARGV[5] .. holder
        for _, account in ipairs(redis.call('SMEMBERS', mine)) do
            local lent = redis.call('HGET', account, 'l:' .. holder)
            if lent then
                redis.call('HDEL', account, 'l:' .. holder)
                local sum = redis.pcall('HINCRBY', account, used, lent)
                if type(sum) == 'table' and sum.err then
                    redis.call('HSET', account, used, '9223372036854775807')
                end
                touch(account)
            end
        end
        redis.call('DEL', mine)
        redis.call('HDEL', holders, holder)
        gone = gone + 1
    end
end
local old = string.format('%.0f', now - tonumber(ARGV[4]))
for _, account in ipairs(redis.call('ZRANGEBYSCORE', idle, '-inf', old, 'LIMIT', 0, 500)) do
    local is_lent = false
    for _, field in ipairs(redis.call('HKEYS', account)) do
        if string.sub(field, 1, 2) == 'l:' then is_lent = true end
    end
    if is_lent then
        redis.call('ZADD', idle, now_text, account)
    else
        local callers, caller = unpack(redis.call('HMGET', account, 'callers', 'caller'))
        if callers and caller then redis.call('SREM', callers, caller) end
        redis.call('DEL', account)
        redis.call('ZREM', idle, account)
    end
end
return gone
