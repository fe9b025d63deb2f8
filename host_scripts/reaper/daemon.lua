-- @noindex
-- Segue's daemon as REAPER reaches it: by UDP where luasocket is installed, else through the spool folder.
local osc = include "lib/osc"
local script = include "reaper/script"

local PORT = 9721
local QUIET = 0.3 -- seconds before the user is shown that something is waited for
local LOOK = 3 -- seconds in which a daemon finds a spool folder that is new
local SOCKETS = "/Scripts/Mavriq ReaScript Repository/Various/Mavriq-Lua-Sockets/" -- luasocket built for REAPER

local daemon = {}

-- Segue's folder in the user's data, for an installation without config.lua.
local function data_folder ()
  local system, home = reaper.GetOS (), os.getenv ("HOME") or ""
  local data = os.getenv ("XDG_DATA_HOME") or home .. "/.local/share"
  if system:match ("^Win") then
    data = os.getenv ("LOCALAPPDATA")
  elseif system:match ("^OSX") or system:match ("^macOS") then
    data = home .. "/Library/Application Support"
  end
  return data .. "/segue"
end

-- What the installation knows: spool, daemons (the folder of lib/meeting), port, and start, the command that starts the
-- daemon; ReaPack knows nothing.
local function configuration ()
  local ok, config = pcall (include, "config")
  if ok and config then return config end
  -- The folders that a daemon looks into by itself (bridge/segue_bridge/spool.py, meeting.py).
  return { spool = data_folder () .. "/spool/reaper", daemons = data_folder () .. "/daemons", port = PORT }
end

local function names_in (folder)
  local names, i = {}, 0
  reaper.EnumerateFiles (folder, -1) -- REAPER remembers what it read; this makes it read again
  while true do
    local name = reaper.EnumerateFiles (folder, i)
    if not name or name == "" then return names end
    if name:match ("%.osc$") then names[#names + 1] = name end
    i = i + 1
  end
end

-- How the daemon is started, and why it could not be.
local function starter (config)
  local asked
  local function start ()
    asked = reaper.time_precise ()
    os.remove (config.spool .. "/failed")
    if config.start then os.execute (config.start) end
  end
  local function failed ()
    if not config.start and reaper.time_precise () - asked > LOOK then
      script.fail ("Segue is not running: run `segue serve` in a terminal, then run this action again.")
    end
    local file = io.open (config.spool .. "/failed", "r")
    if not file then return nil end
    local text = file:read ("a")
    file:close ()
    return text:match ("Error: ([^\n]+)%s*$") or text:match ("([^\n]+)%s*$") or "no reason was given"
  end
  return start, failed
end

local function by_udp (config, version)
  local meeting = include "lib/meeting"
  local port = config.daemons and meeting (config.daemons, config.port)
  if not port then return nil end
  local function meet () return select (2, meeting (config.daemons, config.port)) end
  local place = reaper.GetResourcePath () .. SOCKETS
  package.cpath = package.cpath .. (";%s?.dll;%s?.so"):format (place, place)
  local greeting = osc.pack ("/segue/hello", "isss", 1, "REAPER", version, "")
  return (include "lib/udp") (port, greeting, reaper.time_precise, meet)
end

local function by_spool (config)
  for _, name in ipairs ({ "/to_daemon", "/to_host" }) do reaper.RecursiveCreateDirectory (config.spool .. name, 0) end
  local spool = (include "lib/spool") (config.spool, function () return names_in (config.spool .. "/to_host") end)
  return { send = spool.send, take = spool.take, silence = spool.silence, recall = os.remove }
end

-- A conversation with the daemon (lib/talk); what is open in it is given up when the action ends.
function daemon.talk ()
  local config, version = configuration (), reaper.GetAppVersion ()
  local start, failed = starter (config)
  local udp = by_udp (config, version)
  return (include "lib/talk") {
    host = "REAPER", version = version, spool = udp and "" or config.spool, clock = reaper.time_precise,
    start = start, failed = failed, transport = udp or by_spool (config)
  }
end

local function progress (jobs)
  local fraction, stage = 0, "waiting for an answer"
  for _, job in ipairs (jobs) do
    fraction = fraction + (job.done and 1 or job.fraction) / #jobs
    stage = not job.done and job.stage or stage
  end
  return ("Segue: %s, %d %%\nRun the action again to stop it."):format (stage, math.floor (fraction * 100))
end

local function all_done (asked)
  for _, one in ipairs (asked) do
    if not one.done then return false end
  end
  return true
end

-- Waits until all that was asked about the jobs is done, with a line beside the mouse after a while; gives it up where
-- the action ends before.
function daemon.await (talk, jobs, asked)
  local begun, shown, finished = reaper.time_precise (), "", false
  local function leave ()
    if shown ~= "" then script.status ("") end
    for _, job in ipairs (finished and {} or jobs) do talk.cancel (job) end
    shown, finished = "", true
  end
  script.finally (leave)
  while true do
    talk.step ()
    if all_done (asked) then break end
    local text = progress (jobs)
    if reaper.time_precise () - begun > QUIET and text ~= shown then
      script.status (text)
      shown = text
    end
    script.wait ()
  end
  finished = true
  leave ()
end

return daemon
