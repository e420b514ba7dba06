/**
 * What changes several keys of a job at once, as scripts of Redis: each runs as a whole or not at all, and of several
 * processes that want the same, one gets it.
 *
 * `fence` is a number of a job that grows with every worker that takes or gives it back. A worker that shows an older one has
 * lost the job: it can note, end and give back nothing.
 */
import { ENDED_MS, KEY_MS, MOST_ENDED } from "../limits.js";
import { ENDED, OPEN, PREFIX, SIZES, WAITING } from "./redis-keys.js";
import type { RedisClient } from "./redis-library.js";

const ENDED_SECONDS = ENDED_MS / 1000;
const KEY_SECONDS = KEY_MS / 1000;
/** An upload of which nothing more came for so long was broken off with its service. */
const UPLOAD_SECONDS = 60 * 60;

const COMMON = `
local PREFIX = '${PREFIX}:'
local function key(part, id) return PREFIX .. part .. ':' .. id end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
-- The bytes of data that are held; uploads that ran out are no longer counted.
local function held()
  local sum = 0
  local sizes = redis.call('HGETALL', '${SIZES}')
  for at = 1, #sizes, 2 do
    if redis.call('EXISTS', key('data', sizes[at])) == 1 then sum = sum + tonumber(sizes[at + 1])
    else redis.call('HDEL', '${SIZES}', sizes[at]) end
  end
  return sum
end
local function isOurs(id, fence)
  local found = redis.call('HMGET', key('job', id), 'fence', 'end')
  return found[1] == fence and not found[2]
end
local function finish(id, json)
  redis.call('HSET', key('job', id), 'end', json)
  redis.call('DEL', key('data', id))
  redis.call('HDEL', '${SIZES}', id)
  redis.call('ZREM', '${OPEN}', id)
  redis.call('SREM', '${WAITING}', id)
  redis.call('ZADD', '${ENDED}', now(), id)
  for _, part in ipairs({'job', 'notes'}) do redis.call('EXPIRE', key(part, id), ${ENDED_SECONDS}) end
  redis.call('ZREMRANGEBYSCORE', '${ENDED}', '-inf', now() - ${ENDED_SECONDS} * 1000)
  for _, old in ipairs(redis.call('ZRANGE', '${ENDED}', 0, -${MOST_ENDED + 1})) do
    redis.call('DEL', key('job', old), key('notes', old))
    redis.call('ZREM', '${ENDED}', old)
  end
end
`;

/** Each with its arguments. Their keys follow from the ids. */
const SCRIPTS = {
  /** () -> the bytes of data that are held */
  runHeld: "return held()",

  /** A piece of data. (id, piece, most bytes held) -> -1, or the bytes that are held where there is no room for it */
  runAppend: `
local before = held()
if before + #ARGV[2] > tonumber(ARGV[3]) then return before end
redis.call('RPUSH', key('data', ARGV[1]), ARGV[2])
redis.call('EXPIRE', key('data', ARGV[1]), ${UPLOAD_SECONDS})
redis.call('HINCRBY', '${SIZES}', ARGV[1], #ARGV[2])
return -1`,

  /**
   * (id, order, pieces of its data, their sha256, most jobs waiting, key or '', hash of the use)
   * -> {'accepted'}, {'same', id}, {'otherwise'}, {'full', jobs waiting} or {'incomplete'}
   */
  runAccept: `
local id, use = ARGV[1], ARGV[6]
if use ~= '' then
  local taken = redis.call('HMGET', use, 'id', 'hash')
  if taken[1] and redis.call('EXISTS', key('job', taken[1])) == 1 then
    if taken[2] ~= ARGV[7] then return {'otherwise'} end
    return {'same', taken[1]}
  end
end
local waiting = redis.call('SCARD', '${WAITING}')
if waiting >= tonumber(ARGV[5]) then return {'full', tostring(waiting)} end
if redis.call('LLEN', key('data', id)) ~= tonumber(ARGV[3]) then return {'incomplete'} end
redis.call('HSET', key('job', id), 'order', ARGV[2], 'pieces', ARGV[3], 'sha256', ARGV[4], 'fence', 0, 'attempt', 0)
redis.call('PERSIST', key('data', id))
redis.call('ZADD', '${OPEN}', now(), id)
redis.call('SADD', '${WAITING}', id)
if use ~= '' then
  redis.call('HSET', use, 'id', id, 'hash', ARGV[7])
  redis.call('EXPIRE', use, ${KEY_SECONDS})
end
return {'accepted'}`,

  /** Removes the data of an upload, unless it was accepted: the answer to that may have been lost. (id) */
  runDiscard: `
if redis.call('EXISTS', key('job', ARGV[1])) == 1 then return 0 end
redis.call('HDEL', '${SIZES}', ARGV[1])
return redis.call('DEL', key('data', ARGV[1]))`,

  /**
   * Takes a job. (id, milliseconds of a lease, '1' where one whose lease ran out may be taken)
   * -> {} where there is nothing to do, {'busy'} where its worker may live, or {order, pieces, sha256, fence, attempt}
   */
  runBegin: `
local id = ARGV[1]
local job = key('job', id)
local found = redis.call('HMGET', job, 'order', 'end', 'lease', 'pieces', 'sha256')
if not found[1] or found[2] then return {} end
if redis.call('SISMEMBER', '${WAITING}', id) == 0 then
  if ARGV[3] ~= '1' or now() - tonumber(found[3] or 0) < tonumber(ARGV[2]) then return {'busy'} end
end
redis.call('SREM', '${WAITING}', id)
redis.call('HSET', job, 'lease', now())
local fence = redis.call('HINCRBY', job, 'fence', 1)
local attempt = redis.call('HINCRBY', job, 'attempt', 1)
return {found[1], found[4] or '', found[5] or '', tostring(fence), tostring(attempt)}`,

  /** Renews the lease. (id, fence) -> 'kept', 'lost' or 'cancelled' */
  runBeat: `
if not isOurs(ARGV[1], ARGV[2]) then return 'lost' end
redis.call('HSET', key('job', ARGV[1]), 'lease', now())
if redis.call('HEXISTS', key('job', ARGV[1]), 'cancel') == 1 then return 'cancelled' end
return 'kept'`,

  /** (id, fence, note, its number in this attempt: one that is sent again is there once) -> 1, or 0 where the job is lost */
  runNote: `
if not isOurs(ARGV[1], ARGV[2]) then return 0 end
local number = ARGV[2] .. ':' .. ARGV[4]
if redis.call('HGET', key('job', ARGV[1]), 'noted') == number then return 1 end
redis.call('RPUSH', key('notes', ARGV[1]), ARGV[3])
redis.call('HSET', key('job', ARGV[1]), 'noted', number)
return 1`,

  /** (id, fence, how it ended) -> 1, or 0 where the job is lost; one that is sent again changes nothing. */
  runEnd: `
if redis.call('HGET', key('job', ARGV[1]), 'end') == ARGV[3] then return 1 end
if not isOurs(ARGV[1], ARGV[2]) then return 0 end
finish(ARGV[1], ARGV[3])
return 1`,

  /**
   * Marks a job as one to be stopped, and ends it where it waits. (id, how it ended, '1' where it also ends after an attempt)
   * -> 1 where it has ended by that, 2 where it waits after an attempt
   */
  runCancel: `
local found = redis.call('HMGET', key('job', ARGV[1]), 'order', 'end', 'fence')
if not found[1] or found[2] then return 0 end
redis.call('HSET', key('job', ARGV[1]), 'cancel', 1)
if redis.call('SISMEMBER', '${WAITING}', ARGV[1]) == 0 then return 0 end
if tonumber(found[3] or 0) > 0 and ARGV[3] ~= '1' then return 2 end
finish(ARGV[1], ARGV[2])
return 1`,

  /** (id, fence, '1' where the attempt counts) -> 1, or 0 where the job is lost */
  runGiveBack: `
if not isOurs(ARGV[1], ARGV[2]) then return 0 end
redis.call('HINCRBY', key('job', ARGV[1]), 'fence', 1)
if ARGV[3] ~= '1' then redis.call('HINCRBY', key('job', ARGV[1]), 'attempt', -1) end
redis.call('SADD', '${WAITING}', ARGV[1])
return 1`,

  /** A job at one moment. (id, notes that are known) -> {order or '', end or '', '1' where it waits, notes after those} */
  runRead: `
local found = redis.call('HMGET', key('job', ARGV[1]), 'order', 'end')
return {
  found[1] or '', found[2] or '', tostring(redis.call('SISMEMBER', '${WAITING}', ARGV[1])),
  redis.call('LRANGE', key('notes', ARGV[1]), ARGV[2], -1)
}`,
} as const satisfies Readonly<Record<`run${string}`, string>>;

export type ScriptName = keyof typeof SCRIPTS;

/** Makes the scripts methods of a connection. */
export function defineScripts(client: RedisClient): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    client.defineCommand(name, { numberOfKeys: 0, lua: COMMON + lua });
  }
}
