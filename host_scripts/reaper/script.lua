-- @noindex
-- How an action runs in REAPER: in the background, a cycle at a time, and one of Segue's at a time.
local script = {}

local STATE = "Segue" -- of what scripts tell each other; forgotten when REAPER is closed
local FRESH = 1 -- seconds after which a script that shows no sign of life is taken for gone; a cycle takes 0.03
local PATIENT = "mark cuts" -- the one action that is not interrupted by another one

local cleanups = {}

-- Ends the action with a sentence for the user.
function script.fail (text) error ({ text = text }, 0) end

-- Tells the user something.
function script.tell (text) reaper.ShowMessageBox (text, "Segue", 0) end

-- Shows a line beside the mouse, or takes it away ("").
function script.status (text)
  local x, y = reaper.GetMousePosition ()
  reaper.TrackCtl_SetToolTip (text, x + 16, y + 16, true)
end

-- Lets REAPER go on; returns in its next cycle.
function script.wait () coroutine.yield () end

-- Calls `cleanup` when the action ends, is stopped by another one, or is terminated by the user.
function script.finally (cleanup)
  cleanups[#cleanups + 1] = cleanup
end

local function tell_fault (fault)
  script.tell (type (fault) == "table" and fault.text or "Please report this: " .. tostring (fault))
end

local function clean_up ()
  while #cleanups > 0 do
    local ok, fault = pcall (table.remove (cleanups))
    if not ok then tell_fault (fault) end
  end
end

-- Name of the action of ours that is at work, nil where none is.
local function holder ()
  local alive = tonumber (reaper.GetExtState (STATE, "alive"), 10)
  local now = math.floor (reaper.time_precise () * 1000)
  if not alive or now - alive > FRESH * 1000 then return nil end
  return reaper.GetExtState (STATE, "turn"):match ("^%d+ (.+)$")
end

-- Takes the turn from whatever action of ours still runs; nil where it must not be disturbed.
local function take_turn (name)
  local other = holder ()
  if other == PATIENT and name == PATIENT then -- the second run stops the first
    reaper.DeleteExtState (STATE, "turn", false)
    return nil
  elseif other == PATIENT then
    script.tell ("Segue is still at work: wait, or run segue_mark_cuts again to stop it.")
    return nil
  end
  local turn = ("%d %s"):format (math.floor (reaper.time_precise () * 1e6), name)
  reaper.SetExtState (STATE, "turn", turn, false)
  return turn
end

-- Runs the action `name`: body (project), which may call `script.wait`.
function script.run (name, body)
  if reaper.set_action_options then -- since REAPER 7.03; older ones ask the user
    reaper.set_action_options (name == PATIENT and 1 or 3) -- run again: 1 stops it, 3 stops it and starts it anew
  end
  local turn = take_turn (name)
  if not turn then return end
  local work = coroutine.create (body)
  local project = reaper.EnumProjects (-1)

  local function leave ()
    if reaper.GetExtState (STATE, "turn") == turn then reaper.DeleteExtState (STATE, "turn", false) end
    clean_up ()
  end

  local function cycle ()
    if reaper.GetExtState (STATE, "turn") ~= turn then return leave () end
    reaper.SetExtState (STATE, "alive", ("%d"):format (math.floor (reaper.time_precise () * 1000)), false)
    local ok, fault = coroutine.resume (work, project)
    if ok and coroutine.status (work) ~= "dead" then return reaper.defer (cycle) end
    leave ()
    if not ok then tell_fault (fault) end
  end

  reaper.atexit (leave) -- also where the user terminates the script
  cycle ()
end

return script
