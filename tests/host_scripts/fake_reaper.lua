-- A REAPER for tests: the documented calls and no others, with the types of reaper_api.txt and REAPER's habits. What
-- REAPER would silently ignore, or take amiss, raises here.
local here = arg[0]:match ("^(.*)/")

local fake = {
  now = 0, -- seconds; the test moves the clock
  sws = true, sockets = true, action_options = true, -- what this REAPER has
  messages = {}, tooltips = {}, explored = {}, sounds = {}, -- what the user was shown and heard
  resource = os.getenv ("FAKE_RESOURCE") or "/nowhere", system = "Other",
  scripts = {} -- running ones by path
}

local api = {} -- by name: { optional arguments from, list of types }
for line in io.lines (here .. "/reaper_api.txt") do
  local name, arguments = line:match ("reaper%.([%w_]+)%((.*)%)$")
  if name and not line:match ("^#") then
    api[name] = {}
    for argument in arguments:gmatch ("[^,]+") do
      local plain, optional = argument:gsub ("^%s*optional ", "")
      table.insert (api[name], { kind = plain:match ("^%s*([%w_]+) [%w_]+$"), optional = optional == 1 })
    end
  end
end

local function made (kind, fields)
  fields = fields or {}
  fields.__kind = kind
  return fields
end

local PLAIN = { string = "string", boolean = "boolean", number = "number", ["function"] = "function" }

local function fits (kind, value)
  if kind == "integer" then return math.type (value) ~= nil and math.tointeger (value) ~= nil end
  if PLAIN[kind] then return type (value) == PLAIN[kind] end
  if kind == "ReaProject" and value == 0 then return true end
  if kind == "identifier" then return type (value) == "table" and value.__kind ~= nil end
  return type (value) == "table" and value.__kind == kind
end

local function check (name, ...)
  local types, count = api[name], select ("#", ...)
  if count > #types then error (("%s takes %d arguments, not %d"):format (name, #types, count), 3) end
  for i, wanted in ipairs (types) do
    local value = select (i, ...)
    if not (value == nil and wanted.optional) and not fits (wanted.kind, value) then
      error (("%s: argument %d must be a %s, not %s"):format (name, i, wanted.kind, tostring (value)), 3)
    end
  end
end

local calls = {}
local locks = assert (loadfile (here .. "/fake_reaper_project.lua")) (fake, calls, made)

-- The program.

function calls.time_precise () return fake.now end
function calls.GetAppVersion () return "7.60/linux-x86_64" end
function calls.GetOS () return fake.system end
function calls.GetResourcePath () return fake.resource end
function calls.GetMousePosition () return 100, 200 end
function calls.ShowMessageBox (text, title, kind)
  assert (title == "Segue" and kind == 0 and text ~= "")
  table.insert (fake.messages, text)
  return 1
end
function calls.TrackCtl_SetToolTip (text, _, _, topmost)
  assert (topmost)
  table.insert (fake.tooltips, text)
end
function calls.OpenMediaExplorer (path, play)
  table.insert (fake.explored, { path = path, play = play })
  return made ("HWND")
end
function calls.APIExists (name)
  return api[name] ~= nil and (fake.sws or not name:match ("^CF_"))
end
function calls.RecursiveCreateDirectory (path) return os.execute (("mkdir -p '%s'"):format (path)) and 1 or 0 end

local listings = {}
function calls.EnumerateFiles (path, index)
  if index == -1 then listings[path] = nil end
  if not listings[path] then
    listings[path] = {}
    local pipe = io.popen (("cd '%s' && ls -U"):format (path))
    for name in pipe:lines () do table.insert (listings[path], name) end
    pipe:close ()
  end
  return index >= 0 and listings[path][index + 1] or nil
end

-- Sounds.

function calls.PCM_Source_CreateFromFile (path)
  local file = io.open (path, "rb")
  if not file then return nil end
  local head = file:read (44)
  local bytes = file:seek ("end") - 44
  file:close ()
  local rate = string.unpack ("<I4", head, 29) -- bytes a second
  return made ("PCM_source", { given = { path = path, length = bytes / rate } })
end
function calls.PCM_Source_Destroy (source)
  assert (not source.destroyed, "this source is destroyed already")
  for _, sound in ipairs (fake.sounds) do
    assert (sound.source ~= source or not sound.playing, "this source is still being played")
  end
  source.destroyed = true
end
function calls.CF_CreatePreview (source)
  assert (not source.destroyed)
  local preview = made ("CF_Preview", { source = source, playing = false, path = source.given.path, values = {} })
  table.insert (fake.sounds, preview)
  return preview
end
local SOUND_VALUES = { I_OUTCHAN = true, D_PLAYRATE = true, B_PPITCH = true }
function calls.CF_Preview_SetValue (preview, name, value)
  assert (SOUND_VALUES[name], "unknown value of a preview " .. name)
  preview.values[name] = value
  return true
end
function calls.CF_Preview_Play (preview)
  preview.playing, preview.begun = true, fake.now
  return true
end
function calls.CF_Preview_Stop (preview)
  local was = preview.playing
  preview.playing = false
  return was
end
function calls.CF_Preview_GetValue (preview, name)
  assert (name == "D_POSITION")
  if not preview.playing then return false, 0.0 end
  local position = (fake.now - preview.begun) * (preview.values.D_PLAYRATE or 1)
  if position >= preview.source.given.length then preview.playing = false end
  return preview.playing, position
end

-- Scripts: each run has globals of its own, as each ReaScript has a Lua state of its own.

local function guarded (running, body)
  local ok, fault = xpcall (body, debug.traceback)
  if ok then ok, fault = pcall (locks.check) end
  if not ok then
    locks.mend ()
    fake.scripts[running.path] = nil
    error (fault, 0)
  end
end

local function finish (running)
  fake.scripts[running.path] = nil
  if running.at_exit then guarded (running, running.at_exit) end
end

local function environment (running)
  local env = {}
  for name, value in pairs (_G) do env[name] = value end
  env._G, env.arg = env, nil
  env.package = setmetatable ({ cpath = "", path = "" }, { __index = package })
  env.require = function (name)
    if not fake.sockets then error ("module '" .. name .. "' not found") end
    return require (name)
  end
  env.dofile = function (path) return assert (loadfile (path, "t", env)) () end
  env.print = function () error ("a script must not print") end
  local own = {
    get_action_context = function () return false, running.path, 0, 1, -1, -1, 0.0, "" end,
    defer = function (body) running.next = body return true end,
    atexit = function (body) running.at_exit = body return true end,
    set_action_options = fake.action_options and function (flags) running.options = flags end
  }
  env.reaper = setmetatable ({}, { __newindex = function () error ("reaper's functions are its own") end,
    __index = function (_, name)
      if not api[name] then error ("reaper." .. name .. " is not documented", 2) end
      if name:match ("^CF_") and not fake.sws then return nil end
      local body = own[name]
      if body == nil then body = calls[name] end
      if not body then return nil end
      return function (...)
        check (name, ...)
        return body (...)
      end
    end })
  return setmetatable (env, { __newindex = function (table_, name, value)
    assert (name == "include", "global variable " .. name)
    rawset (table_, name, value)
  end, __index = function (_, name) error ("undefined variable " .. name, 2) end })
end

-- Runs an action, as the user does; where it is at work already, what it said in set_action_options decides, or on an
-- older REAPER the user, who lets a second one run.
function fake.run (path)
  local earlier = fake.scripts[path]
  if earlier and earlier.options then
    finish (earlier)
    if earlier.options & 2 == 0 then return end
  elseif earlier then
    fake.scripts[path .. " (earlier)"] = earlier
    earlier.path = path -- both know their file by one name
  end
  local running = { path = path }
  fake.scripts[path] = running
  guarded (running, function () assert (loadfile (path, "t", environment (running))) () end)
  if not running.next then finish (running) end
end

-- What the user does in the window "ReaScript task control".
function fake.terminate (path) finish (fake.scripts[path]) end

-- One cycle of all scripts at this time; returns whether any is still at work.
function fake.cycle (now)
  fake.now = now
  local list = {}
  for key, running in pairs (fake.scripts) do list[#list + 1] = { key = key, running = running } end
  for _, one in ipairs (list) do
    local running = one.running
    local body = running.next
    if fake.scripts[one.key] == running and body then
      running.next = nil
      guarded (running, body)
      if not running.next then
        fake.scripts[one.key] = nil
        if running.at_exit then guarded (running, running.at_exit) end
      end
    end
  end
  return next (fake.scripts) ~= nil
end

return fake
