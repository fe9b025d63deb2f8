ardour {
  ["type"] = "EditorAction",
  name = "Segue: mark cuts",
  author = "Segue",
  license = "MIT",
  description = [[Marks where the music of the selected audio regions can be left (exit) and joined (entry).]]
}

function factory ()
  local PROTOCOL = 1
  local STALE = 5 -- seconds after which a daemon that says nothing is taken for gone; it speaks once a second
  local START = 30 -- seconds a daemon may take to start on a busy machine
  local STEP = 30000 -- microseconds between two looks for an answer
  local PATIENCE = 2 -- seconds without a word about our jobs after which the daemon is asked where they stand
  local QUIET = 0.5 -- seconds before the progress window comes: a cached answer needs none
  local MOST = 100 -- markers; Ardour's window stands still for a second when it gets twice as many

  local TITLE = "Segue: mark cuts"
  local config = include "config" -- spool, list, start, port: written by the installer
  local osc = include "lib/osc"
  local rate_of = include "lib/rate"
  local markers = include "ardour/markers"
  local spool -- kept between two runs: it numbers the files
  local next_job -- kept, too; begins with the time, so that the numbers of an earlier Ardour do not come again
  local busy = false

  local function fail (text) error ({ text = text }, 0) end

  -- Ardour takes the text for markup, and shows nothing of what is none.
  local function tell (text, kind)
    text = text:gsub ("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })
    LuaDialog.Message (TITLE, text, LuaDialog.MessageType[kind], LuaDialog.ButtonType.OK):run ()
  end

  local function clock () return ARDOUR.LuaAPI.monotonic_time () / 1e6 end

  local function list ()
    local names, pipe = {}, io.popen (config.list)
    for name in pipe:read ("a"):gmatch ("[%w-]+%.osc") do names[#names + 1] = name end
    pipe:close ()
    return names
  end

  -- What to ask for one audio region, and how to bring the answer onto the timeline.
  -- Ardour plays a file sample by sample even where its rate is not the session's, so the file's rate is what counts.
  local function job_of (region)
    local paths, seen = {}, {}
    for c = 0, region:n_channels () - 1 do
      local source = region:source (c):to_filesource ()
      if source:isnil () then
        fail ("'" .. region:name () .. "' is made of other regions: bounce it first, then mark the new one.")
      end
      if not seen[source:path ()] then paths[#paths + 1] = source:path () end
      seen[source:path ()] = true
    end
    local rate = rate_of (paths[1])
    if not rate then
      fail ("The kind of file of '" .. region:name () .. "' is unknown, or it is gone: import it into the session.")
    end
    next_job = (next_job or os.time () % 2000000 * 1000) + 1
    return {
      number = next_job, paths = table.concat (paths, "\n"), rate = rate, name = region:name (),
      position = region:position ():samples (), start = region:start ():samples (),
      length = region:length ():samples (), cuts = {}, count = 0, fraction = 0
    }
  end

  local function selected ()
    local jobs = {}
    for region in Editor:get_selection ().regions:regionlist ():iter () do
      local audio = region:to_audioregion ()
      if not audio:isnil () then jobs[#jobs + 1] = job_of (audio) end
    end
    if #jobs == 0 then fail ("Select an audio region first, then run this action again.") end
    return jobs
  end

  local function request (jobs)
    local options = #jobs > 2 and string.format ('{"top": %d}', math.max (1, MOST // 2 // #jobs)) or ""
    local packets = { osc.pack ("/segue/hello", "isss", PROTOCOL, "Ardour", config.version, config.spool) }
    for _, job in ipairs (jobs) do
      packets[#packets + 1] = osc.pack ("/segue/analyze", "isdds", job.number, job.paths,
        job.start / job.rate, job.length / job.rate, options)
    end
    return packets
  end

  local function ask_again (jobs)
    local packets = {}
    for _, job in ipairs (jobs) do
      if not job.done then packets[#packets + 1] = osc.pack ("/segue/resend", "i", job.number) end
    end
    spool.send (packets)
  end

  -- Takes one answer in; returns what is being done where the message says so.
  local function take_in (message, jobs)
    if message.address == "/segue/error" and message[1] == -1 then fail (message[3]) end
    local job
    for _, one in ipairs (jobs) do job = one.number == message[1] and one or job end
    if not job then return end -- of a job that was given up
    if message.address == "/segue/cut" then
      local _, id, kind, time, score, bar, _, section = table.unpack (message)
      job.count = job.count + (job.cuts[id] and 0 or 1)
      job.cuts[id] = { kind = kind, time = time, score = score, bar = bar, section = section }
    elseif message.address == "/segue/done" then
      job.done = job.count == message[2]
      if not job.done then ask_again ({ job }) end
    elseif message.address == "/segue/progress" then
      job.fraction = message[2]
      return message[3]
    elseif message.address == "/segue/error" then
      fail (message[3])
    end
  end

  local function start_daemon ()
    -- One that runs elsewhere learns of our folder by this; else the command starts one.
    ARDOUR.LuaOSC.Address ("osc.udp://127.0.0.1:" .. config.port)
      :send ("/segue/hello", "isss", PROTOCOL, "Ardour", config.version, config.spool)
    os.remove (config.spool .. "/failed")
    os.execute (config.start)
  end

  local function start_fault ()
    local file = io.open (config.spool .. "/failed", "r")
    if not file then return nil end
    local text = file:read ("a")
    file:close ()
    return text:match ("Error: ([^\n]+)%s*$") or text:match ("([^\n]+)%s*$") or "no reason was given"
  end

  -- Raises the sentence for the user where no answer can be expected any more.
  local function check_alive (waited, lived)
    local silence, protocol = spool.silence ()
    if silence <= STALE and protocol ~= PROTOCOL then
      fail ("The running Segue speaks another protocol: run `segue install ardour`, then restart Ardour.")
    elseif silence > STALE and lived then
      fail ("Segue stopped in the middle of the work: run this action again.")
    elseif silence > STALE and (start_fault () or waited > START) then
      fail ("Segue could not be started: " .. (start_fault () or "it does not answer") ..
        "\nRun `segue doctor` in a terminal, then run this action again.")
    end
    return silence <= STALE
  end

  -- Takes in what has come; returns whether all is done, how far the work is (0..1), and the stage where it is new.
  local function listen (jobs)
    local open, fraction, news = 0, 0, nil
    for _, message in ipairs (spool.take ()) do news = take_in (message, jobs) or news end
    for _, job in ipairs (jobs) do
      open = open + (job.done and 0 or 1)
      fraction = fraction + (job.done and 1 or job.fraction) / #jobs
    end
    return open == 0, fraction, news
  end

  -- Waits until every job is answered, with a window after a while; false where the user pressed Cancel.
  local function await (jobs)
    local stage, lived, window = "waiting for Segue", false, nil
    local asked, heard = clock (), clock ()
    local ok, result = pcall (function ()
      while true do
        local done, fraction, news
        done, fraction, news = listen (jobs)
        if done then return true end
        local waited = clock () - asked
        local alive = check_alive (waited, lived)
        lived = lived or alive
        if news then stage, heard = news, clock () end
        if alive and clock () - heard > PATIENCE then -- another Ardour took the answer, or it was lost
          ask_again (jobs)
          heard = clock ()
        end
        if not window and waited > QUIET then window = LuaDialog.ProgressWindow (TITLE, true) end
        if window then window:progress (fraction, stage) end
        if window and window:canceled () then return false end
        ARDOUR.LuaAPI.usleep (STEP)
      end
    end)
    if window then window:done () end
    if not ok then error (result, 0) end
    return result
  end

  -- The markers of all jobs: position in samples of the timeline, exact to the sample.
  local function found (jobs)
    local set = {}
    for _, job in ipairs (jobs) do
      for _, cut in pairs (job.cuts) do
        local offset = math.floor (cut.time * job.rate + 0.5) - job.start
        if offset >= 0 and offset <= job.length then
          set[#set + 1] = {
            position = job.position + offset,
            name = markers.name (cut.kind, cut.score, cut.section, cut.bar)
          }
        end
      end
    end
    table.sort (set, function (a, b) return a.position < b.position end)
    return set
  end

  local function give_up (jobs, file)
    local packets = {}
    for _, job in ipairs (jobs) do packets[#packets + 1] = osc.pack ("/segue/cancel", "i", job.number) end
    if not os.remove (file) then spool.send (packets) end -- nothing to cancel where the request was not fetched
  end

  local function run ()
    if not io or not os or not os.execute then
      fail ("Ardour runs scripts in a sandbox: allow them file access in Preferences, then restart Ardour.")
    end
    local jobs = selected ()
    spool = spool or (include "lib/spool") (config.spool, list)
    spool.take () -- answers to what nobody waits for any more
    local file = spool.send (request (jobs))
    if not file then fail ("Segue's folder is gone: close Ardour and run `segue install ardour` again.") end
    if spool.silence () > STALE then start_daemon () end
    local ok, answered = pcall (await, jobs)
    if not ok or not answered then give_up (jobs, file) end
    if not ok then error (answered, 0) end
    if not answered then return end
    local set = found (jobs)
    if #set == 0 then
      tell ("No good place to cut was found here; nothing was changed.", "Info")
    else
      markers.place (set)
    end
  end

  return function ()
    if busy then return end -- the window answers while we wait, so the user may ask again
    busy = true
    local ok, fault = pcall (run)
    busy = false
    if not ok then tell (type (fault) == "table" and fault.text or "Please report this: " .. tostring (fault), "Error") end
  end
end

-- The button in the toolbar: the two triangles that begin the markers' names.
function icon () return function (ctx, width, height)
  local size = math.min (width, height) * 0.36
  local function triangle (x, direction, red, green, blue)
    ctx:move_to (x, height / 2 - size)
    ctx:line_to (x, height / 2 + size)
    ctx:line_to (x + direction * size, height / 2)
    ctx:close_path ()
    ctx:set_source_rgba (red, green, blue, 1)
    ctx:fill ()
  end
  triangle (width / 2 - 1.5, -1, 0.94, 0.39, 0.35)
  triangle (width / 2 + 1.5, 1, 0.40, 0.80, 0.45)
end end
