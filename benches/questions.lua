-- The questions of `standing_vs_bare`, as wrk asks them: `-- ANSWER SUBSCRIPTIONS PARTNERS BATCH [TOKEN]`.
-- Subscription `s-N` was sold by partner `p-(N mod PARTNERS)`, which may add seats to it; the next partner may not.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  answer, subscriptions, partners, batch = args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  headers = { ["content-type"] = "application/json" }
  if args[5] then headers["authorization"] = "Bearer " .. args[5] end
  math.randomseed(number)
end

local function question()
  local subscription = math.random(0, subscriptions - 1)
  local partner = subscription
  if answer == "no" then partner = subscription + 1 end
  return string.format(
    '{"subject":{"type":"Partner","id":"p-%d"},"action":{"name":"addSeats"},"resource":{"type":"Subscription","id":"s-%d"}}',
    partner % partners, subscription)
end

function request()
  if batch == 1 then return wrk.format("POST", "/access/v1/evaluation", headers, question()) end
  local questions = {}
  for place = 1, batch do questions[place] = question() end
  local body = '{"evaluations":[' .. table.concat(questions, ",") .. "]}"
  return wrk.format("POST", "/access/v1/evaluations", headers, body)
end

function done(summary, latency)
  local failed = summary.errors
  local errors = failed.connect + failed.read + failed.write + failed.status + failed.timeout
  local at = function(percent) return latency:percentile(percent) end
  io.write(string.format("measured %d %d %d %d %d %d %d\n",
    summary.requests, summary.duration, errors, at(50), at(95), at(99), at(99.9)))
end
