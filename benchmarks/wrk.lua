-- Sends the lines of a file in turn as bodies, and counts replies that are not as they should be.
--
-- Arguments: the file, how many bytes a right reply has at least, and how many lines to leave out.
-- Each thread has variables of its own, which `done` can read if they are global.

wrong = 0
local requests, shortest, turn = {}, 0, 0
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  shortest, turn = tonumber(arguments[2]), tonumber(arguments[3])
  for body in io.lines(arguments[1]) do
    table.insert(requests, wrk.format("POST", nil, nil, body))
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

-- Errors stand before the data or behind them.
function response(status, _, body)
  if status ~= 200 or #body < shortest
    or body:sub(1, 200):find('"errors"', 1, true)
    or body:sub(-200):find('"errors"', 1, true) then
    wrong = wrong + 1
  end
end

function done(summary, latency)
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrong") end
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "median": %.3f, "p99": %.3f, "wrong": %d, "lost": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, wrong, lost))
end
