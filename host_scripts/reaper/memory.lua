-- @noindex
-- What the actions know of the project's marked items: each is a script run of its own, and between two of them REAPER
-- may be closed. Kept in the project as OSC messages in hexadecimal digits, so that every number keeps every bit.
local osc = include "lib/osc"

local EXTENSION, KEY = "Segue", "marked"

local memory = {}

-- The transitions of all jobs, the best one first: a list of { job, exit, entry, score, verdict }.
local function ranked (jobs)
  local list = {}
  for j, job in ipairs (jobs) do
    for t, transition in ipairs (job.transitions) do
      transition.job, transition.order = job, j * 1e6 + t
      list[#list + 1] = transition
    end
  end
  table.sort (list, function (a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.order < b.order
  end)
  return list
end

-- jobs: finished ones of lib/talk, each with guid and offset of its take. Returns { jobs, transitions (best first), at:
-- which of them was heard last, 0 for none, unsaid: verdicts not yet on disk as { job, cut, verdict } }.
function memory.new (jobs) return { jobs = jobs, transitions = ranked (jobs), at = 0, unsaid = {} } end

local function packets_of (marked)
  local packets = { osc.pack ("/at", "i", marked.at) }
  for _, job in ipairs (marked.jobs) do
    packets[#packets + 1] = osc.pack (
      "/job", "issddsd", job.number, job.guid, job.paths, job.start, job.length, job.options, job.offset)
    for id, cut in pairs (job.cuts) do
      packets[#packets + 1] = osc.pack (
        "/cut", "isddids", id, cut.kind, cut.time, cut.score, cut.bar, cut.beat, cut.section)
    end
    for _, t in ipairs (job.transitions) do
      packets[#packets + 1] = osc.pack ("/transition", "iids", t.exit, t.entry, t.score, t.verdict or "")
    end
    for _, unsaid in ipairs (marked.unsaid) do
      if unsaid.job == job then packets[#packets + 1] = osc.pack ("/unsaid", "is", unsaid.cut, unsaid.verdict) end
    end
  end
  return packets
end

-- Keeps what is known of the project's marks, where the project is still open.
function memory.save (project, marked)
  if not reaper.ValidatePtr2 (project, project, "ReaProject*") then return end
  local digits = osc.frame (packets_of (marked)):gsub (".", function (byte) return ("%02x"):format (byte:byte ()) end)
  reaper.SetProjExtState (project, EXTENSION, KEY, digits)
end

local take_in = {} -- by address: what a message says, given what was read before it

take_in["/at"] = function (read, at) read.at = at end

-- A job as lib/talk leaves a finished one; where the daemon has forgotten it, lib/talk asks for it again.
take_in["/job"] = function (read, number, guid, paths, start, length, options, offset)
  read.jobs[#read.jobs + 1] = {
    number = number, guid = guid, paths = paths, start = start, length = length, options = options, offset = offset,
    cuts = {}, count = 0, transitions = {}, pairs = {}, warnings = {}, verdicts = {},
    fraction = 1, known = true, done = true
  }
end

take_in["/cut"] = function (read, id, kind, time, score, bar, beat, section)
  local job = read.jobs[#read.jobs]
  job.cuts[id] = { kind = kind, time = time, score = score, bar = bar, beat = beat, section = section }
  job.count = job.count + 1
end

take_in["/transition"] = function (read, exit, entry, score, verdict)
  local job = read.jobs[#read.jobs]
  job.transitions[#job.transitions + 1] = { exit = exit, entry = entry, score = score, verdict = verdict }
  job.pairs[exit .. ":" .. entry] = true
end

take_in["/unsaid"] = function (read, cut, verdict)
  read.unsaid[#read.unsaid + 1] = { job = read.jobs[#read.jobs], cut = cut, verdict = verdict }
end

-- What is known of the project's marks; nil where nothing was marked in it.
function memory.load (project)
  local found, digits = reaper.GetProjExtState (project, EXTENSION, KEY)
  if found == 0 or digits == "" then return nil end
  local bytes = digits:gsub ("%x%x", function (pair) return string.char (tonumber (pair, 16)) end)
  local read = { jobs = {}, unsaid = {} }
  for _, message in ipairs (osc.unframe (bytes)) do take_in[message.address] (read, table.unpack (message)) end
  local marked = memory.new (read.jobs)
  marked.at, marked.unsaid = read.at, read.unsaid
  return marked
end

return memory
