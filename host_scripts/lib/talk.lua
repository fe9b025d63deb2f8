-- The conversation with the daemon: asks, asks again for what was lost, and knows when no answer can be expected.
-- Plain Lua 5.3, free of any host and of waiting: the host calls `step` as often as it has time.
local osc = include "lib/osc"

local PROTOCOL = 1
local STALE = 5 -- seconds after which a daemon that says nothing is taken for gone; it speaks once a second
local START = 30 -- seconds a daemon may take to start on a busy machine
local PATIENCE = 2 -- seconds without a word about something after which it is asked for again

local function fail (text) error ({ text = text }, 0) end

-- given: host and version, names for the daemon; spool, its folder, "" for UDP; clock (), seconds;
-- start () starts the daemon and returns at once; failed () gives the reason where that could not be done;
-- transport.send (packets) gives something true, nil where it cannot; transport.take () all messages that have come;
-- transport.silence () the seconds since the daemon was heard (since the first question that nobody answered where
-- answers alone are heard), and the protocol it speaks, nil where that is unknown;
-- transport.recall (sent), where there is one, takes back what was not fetched yet and gives true.
return function (given)
  local talk = {}
  local transport, clock = given.transport, given.clock
  local jobs = {} -- by number: all that the host still cares for
  local last -- number of the newest job; begins with two clocks, so that those of an earlier run do not come again
  local lived, started -- since something is open: was the daemon heard, when was it started

  local function send (...)
    return transport.send ({ ... }) or fail (("Segue's folder is gone: close %s and run `segue install %s` again.")
      :format (given.host, given.host:lower ()))
  end

  local function open ()
    for _, job in pairs (jobs) do
      if not job.done or job.preview or job.verdicts[1] then return true end
    end
    return false
  end

  local function start_anew (job) job.cuts, job.transitions, job.count, job.pairs = {}, {}, 0, {} end

  local function ask_analysis (job)
    if not job.known then start_anew (job) end
    job.done, job.heard, job.asked = false, clock (), clock ()
    job.sent = send (osc.pack ("/segue/hello", "isss", PROTOCOL, given.host, given.version, given.spool),
      osc.pack ("/segue/analyze", "isdds", job.number, job.paths, job.start, job.length, job.options))
  end

  local function ask_again (job)
    job.heard = clock ()
    send (osc.pack ("/segue/resend", "i", job.number))
  end

  local function ask (request)
    request.asked = clock ()
    send (request.packet)
  end

  -- What is asked of an analysis waits until the daemon has it (again).
  local function ask_if_done (job, request)
    if job.done then ask (request) end
    return request
  end

  local function begin ()
    if transport.silence () > STALE then lived, started = false, nil end
    if not open () then transport.take () end -- answers to what nobody waits for any more
  end

  local function forget (job)
    jobs[job.number] = nil
    job.preview, job.verdicts = nil, {}
  end

  local function changed (job)
    forget (job)
    fail ("Segue hears this song in a new way since it was marked: mark it again.")
  end

  local hear = {} -- by address: takes a message about a job in

  hear["/segue/progress"] = function (job, _, fraction, stage)
    if not job.done then job.fraction, job.stage = fraction, stage end
  end

  hear["/segue/cut"] = function (job, _, id, kind, time, score, bar, beat, section)
    local old = job.cuts[id]
    if job.known and not (old and old.kind == kind and old.time == time) then changed (job) end
    job.count = job.count + (old and 0 or 1)
    job.cuts[id] = { kind = kind, time = time, score = score, bar = bar, beat = beat, section = section }
  end

  hear["/segue/transition"] = function (job, _, exit, entry, score)
    local key = exit .. ":" .. entry
    if job.pairs[key] then return end
    job.pairs[key] = true
    job.transitions[#job.transitions + 1] = { exit = exit, entry = entry, score = score }
  end

  hear["/segue/warning"] = function (job, _, text)
    for _, known in ipairs (job.warnings) do
      if known == text then return end
    end
    job.warnings[#job.warnings + 1] = text
  end

  hear["/segue/done"] = function (job, _, cuts, transitions)
    if job.done then return end
    if job.count ~= cuts or #job.transitions ~= transitions then
      if job.known then changed (job) end
      if job.count > cuts or #job.transitions > transitions then start_anew (job) end -- some were of an earlier run
      return ask_again (job)
    end
    job.done, job.known, job.fraction = true, true, 1
    if job.preview then ask (job.preview) end
    for _, verdict in ipairs (job.verdicts) do ask (verdict) end
  end

  -- The file's message does not say which transition it is: that is what the splice before it was about.
  hear["/segue/preview/splice"] = function (job, _, exit, entry, leave, enter, ahead, fade, gain)
    local request = job.preview
    job.spliced = request and request.exit == exit and request.entry == entry and request or nil
    if not job.spliced then return end
    request.leave, request.enter, request.ahead, request.fade, request.gain = leave, enter, ahead, fade, gain
  end

  hear["/segue/preview/file"] = function (job, _, wav, join)
    local request = job.preview
    if not request or job.spliced ~= request then return end
    request.wav, request.join, request.done = wav, join, true
    job.preview, job.spliced = nil, nil
  end

  hear["/segue/noted"] = function (job, _, cut)
    for i, verdict in ipairs (job.verdicts) do
      if verdict.cut == cut then
        verdict.done = true
        table.remove (job.verdicts, i)
        return
      end
    end
  end

  hear["/segue/cancelled"] = function (job)
    if job.done then return end
    forget (job)
    fail ("Another window cancelled this: run this action again.")
  end

  hear["/segue/error"] = function (job, _, code, text)
    if code == "duplicate_job" or code == "not_done" then return end -- a packet came twice, or late
    if code == "unknown_job" then -- the daemon was restarted, or the request was lost
      if job.done or clock () - job.asked >= PATIENCE then ask_analysis (job) end
      return
    end
    if job.done then
      job.preview, job.verdicts = nil, {}
    else
      forget (job)
    end
    fail (text)
  end

  -- True while the daemon lives; raises the sentence for the user where no answer can be expected any more.
  local function check_alive ()
    local silence, protocol = transport.silence ()
    if silence <= STALE then
      if protocol and protocol ~= PROTOCOL then
        fail (("The running Segue speaks another protocol: run `segue install %s`, then restart %s.")
          :format (given.host:lower (), given.host))
      end
      lived = true
      return true
    elseif lived then
      fail ("Segue stopped in the middle of the work: run this action again.")
    elseif not started then
      started = clock ()
      given.start ()
    elseif given.failed () or clock () - started > START then
      fail ("Segue could not be started: " .. (given.failed () or "it does not answer") ..
        "\nRun `segue doctor` in a terminal, then run this action again.")
    end
  end

  local function ask_for_lost (job)
    local now = clock ()
    if not job.done then
      if now - job.heard > PATIENCE then ask_again (job) end
      return
    end
    if job.preview and now - job.preview.asked > PATIENCE then ask (job.preview) end
    for _, verdict in ipairs (job.verdicts) do
      if now - verdict.asked > PATIENCE then ask (verdict) end
    end
  end

  local function give_up ()
    for _, job in pairs (jobs) do
      if not job.done then talk.cancel (job) end
      job.preview, job.verdicts = nil, {}
    end
  end

  -- Asks for the cuts of a part of a recording (seconds; length 0 means to its end; options as in /segue/analyze).
  -- The job that is returned fills in `step`: fraction, stage, warnings; when it is done, cuts by id = { kind, time,
  -- score, bar, beat, section } and the list transitions of { exit, entry, score }.
  function talk.analyze (region)
    begin ()
    last = (last or os.time () % 2000000 * 1000 + math.floor (os.clock () * 1e6) % 1000) + 1
    local job = {
      number = last, paths = region.paths, start = region.start, length = region.length, options = region.options or "",
      warnings = {}, verdicts = {}, fraction = 0, stage = "waiting for Segue"
    }
    jobs[job.number] = job
    ask_analysis (job)
    return job
  end

  -- Asks for the join between two cuts of a job (seconds; 0 means four beats); the newest request of a job counts.
  -- What is returned fills in `step`: leave, enter, ahead, fade (seconds), gain, wav, join (seconds), then done.
  function talk.preview (job, exit, entry, before, after)
    begin ()
    jobs[job.number] = job
    job.preview = {
      exit = exit, entry = entry,
      packet = osc.pack ("/segue/preview", "iiidd", job.number, exit, entry, before, after)
    }
    return ask_if_done (job, job.preview)
  end

  -- Tells what the user thinks of a cut (its id, or -1; time in seconds of the file); done when it is safe on disk.
  function talk.verdict (job, cut, verdict, kind, time)
    begin ()
    jobs[job.number] = job
    for i = #job.verdicts, 1, -1 do -- the newest word on a cut counts
      if cut >= 0 and job.verdicts[i].cut == cut then table.remove (job.verdicts, i) end
    end
    local request = { cut = cut, packet = osc.pack ("/segue/verdict", "iissd", job.number, cut, verdict, kind, time) }
    job.verdicts[#job.verdicts + 1] = request
    return ask_if_done (job, request)
  end

  -- The host does not care for this job any more.
  function talk.cancel (job)
    if not jobs[job.number] then return end
    forget (job)
    if job.done or (transport.recall and transport.recall (job.sent)) then return end
    transport.send ({ osc.pack ("/segue/cancel", "i", job.number) })
  end

  -- Takes in what has come and asks for what is missing. Raises { text = sentence } where something cannot be had;
  -- where it is the daemon that cannot be had, all that was open is given up.
  function talk.step ()
    if not open () then return end
    for _, message in ipairs (transport.take ()) do
      local job = jobs[message[1]]
      if message.address == "/segue/error" and message[1] == -1 then
        give_up ()
        fail (message[3])
      elseif job and hear[message.address] then
        job.heard = clock ()
        hear[message.address] (job, table.unpack (message))
      end
    end
    if not open () then return end
    local ok, alive = pcall (check_alive)
    if not ok then
      give_up ()
      error (alive, 0)
    elseif alive then
      for _, job in pairs (jobs) do ask_for_lost (job) end
    end
  end

  return talk
end
