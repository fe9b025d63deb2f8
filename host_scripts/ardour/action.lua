-- What Segue's actions in Ardour share: the conversation with the daemon, waiting with a window, telling the user.
local config = include "config" -- spool, list, start: written by the installer

local STEP = 30000 -- microseconds between two looks for an answer
local QUIET = 0.5 -- seconds before the progress window comes: a cached answer needs none

local action = {}

Segue = Segue or {} -- all actions run in one Lua state, where this is what they know of each other

local function clock () return ARDOUR.LuaAPI.monotonic_time () / 1e6 end

local function list ()
  local names, pipe = {}, io.popen (config.list)
  for name in pipe:read ("a"):gmatch ("[%w-]+%.osc") do names[#names + 1] = name end
  pipe:close ()
  return names
end

local function start ()
  os.remove (config.spool .. "/failed")
  os.execute (config.start)
end

local function failed ()
  local file = io.open (config.spool .. "/failed", "r")
  if not file then return nil end
  local text = file:read ("a")
  file:close ()
  return text:match ("Error: ([^\n]+)%s*$") or text:match ("([^\n]+)%s*$") or "no reason was given"
end

-- Ends the action with a sentence for the user.
function action.fail (text) error ({ text = text }, 0) end

-- Ardour takes the text for markup, and shows nothing of what is none.
function action.tell (title, text, kind)
  text = text:gsub ("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })
  LuaDialog.Message (title, text, LuaDialog.MessageType[kind], LuaDialog.ButtonType.OK):run ()
end

-- The one conversation of this Ardour with the daemon (lib/talk).
function action.talk ()
  if not io or not os or not os.execute then
    action.fail ("Ardour runs scripts in a sandbox: allow them file access in Preferences, then restart Ardour.")
  end
  if not Segue.talk then
    local spool = (include "lib/spool") (config.spool, list)
    Segue.talk = (include "lib/talk") {
      host = "Ardour", version = config.version, spool = config.spool, clock = clock, start = start, failed = failed,
      transport = { send = spool.send, take = spool.take, silence = spool.silence, recall = os.remove }
    }
  end
  return Segue.talk
end

-- Waits until all that was asked is done, with a window after a while; false where the user pressed Cancel.
function action.await (title, asked)
  local begun, window = clock (), nil
  local ok, result = pcall (function ()
    while true do
      action.talk ().step ()
      local open, fraction, stage = 0, 0, nil
      for _, one in ipairs (asked) do
        open = open + (one.done and 0 or 1)
        fraction = fraction + (one.done and 1 or one.fraction or 0) / #asked
        stage = not one.done and one.stage or stage
      end
      if open == 0 then return true end
      if not window and clock () - begun > QUIET then window = LuaDialog.ProgressWindow (title, true) end
      if window then window:progress (fraction, stage or "waiting for Segue") end
      if window and window:canceled () then return false end
      ARDOUR.LuaAPI.usleep (STEP)
    end
  end)
  if window then window:done () end
  if not ok then error (result, 0) end
  return result
end

-- An action that runs body; a fault is told to the user.
function action.new (title, body)
  return function ()
    if Segue.busy then return end -- the window answers while we wait, so the user may ask again
    Segue.busy = true
    local ok, fault = pcall (body)
    Segue.busy = false
    if ok then return end
    action.tell (title, type (fault) == "table" and fault.text or "Please report this: " .. tostring (fault), "Error")
  end
end

return action
