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

-- The project.

local project
local undo_depth, refresh = 0, 0

function fake.new_project ()
  project = made ("ReaProject", { items = {}, markers = {}, state = {}, undos = {}, open = true })
  fake.project = project
end
fake.new_project ()

local function project_of (given)
  if given ~= 0 and not given.open then error ("this project is closed", 3) end
  return given == 0 and project or given
end

local function copied (list)
  local copy = {}
  for i, one in ipairs (list) do
    copy[i] = {}
    for key, value in pairs (one) do copy[i][key] = value end
  end
  return copy
end

local function all_takes ()
  local list = {}
  for _, item in ipairs (project.items) do
    for _, take in ipairs (item.takes) do list[#list + 1] = take end
  end
  return list
end

local function snapshot ()
  local taken = { markers = copied (project.markers), takes = {} }
  for _, take in ipairs (all_takes ()) do taken.takes[take] = copied (take.markers) end
  return taken
end

-- Takes back the last undo step; returns its name.
function fake.undo ()
  local step = table.remove (project.undos)
  project.markers = step.before.markers
  for take, markers in pairs (step.before.takes) do take.markers = markers end
  return step.name
end

local guids = 0

-- An item with one take of a source, in a list of sources from the one of the take to the one with the file:
-- { path, length, section = { offset, length }, reversed }. given: position, length, offset, rate, name, midi, stretch.
function fake.add_item (sources, given)
  guids = guids + 1
  local source
  for i = #sources, 1, -1 do
    source = made ("PCM_source", { parent = source, given = sources[i] })
  end
  local item = made ("MediaItem", { selected = true, position = given.position or 0, takes = {} })
  if source or given.midi then
    local take = made ("MediaItem_Take", {
      item = item, source = source, markers = {}, name = given.name or "take", midi = given.midi or false,
      stretch = given.stretch or 0, guid = ("{00000000-0000-0000-0000-%012d}"):format (guids),
      D_STARTOFFS = given.offset or 0.0, D_PLAYRATE = given.rate or 1.0, B_PPITCH = given.keep_pitch and 1.0 or 0.0
    })
    item.takes[1] = take
  end
  local own = source and (source.given.section or source.given)
  item.length = given.length or own and own.length or 1.0
  project.items[#project.items + 1] = item
  return item
end

function fake.select_only (number)
  for i, item in ipairs (project.items) do item.selected = i == number end
end

function fake.remove_item (number)
  local item = table.remove (project.items, number)
  for _, take in ipairs (item.takes) do take.gone = true end
end

local function alive (take)
  if take.gone then error ("this take is deleted", 3) end
  return take
end

local function needs_undo (name)
  if undo_depth == 0 then error (name .. " outside an undo block", 3) end
end

local function needs_flag (name, color)
  if color and color ~= 0 and color & 0x1000000 == 0 then error (name .. ": a colour without 0x1000000 is ignored", 3) end
end

local function by_position (a, b)
  if a.position ~= b.position then return a.position < b.position end
  return a.number < b.number
end

local made_markers = 0

local calls = {}

function calls.EnumProjects (index)
  assert (index == -1, "only the current project is known here")
  return project, "song.rpp"
end
function calls.ValidatePtr2 (given, pointer, kind)
  assert (kind == pointer.__kind .. "*", "the type's name ends with *")
  if kind == "ReaProject*" then return pointer.open end
  return project_of (given).open and not pointer.gone
end
function calls.CountMediaItems (given) return #project_of (given).items end
function calls.GetMediaItem (given, index) return project_of (given).items[index + 1] end
local function selected (given)
  local list = {}
  for _, item in ipairs (project_of (given).items) do list[#list + 1] = item.selected and item or nil end
  return list
end
function calls.CountSelectedMediaItems (given) return #selected (given) end
function calls.GetSelectedMediaItem (given, index) return selected (given)[index + 1] end
function calls.CountTakes (item) return #item.takes end
function calls.GetTake (item, index) return item.takes[index + 1] end
function calls.GetActiveTake (item) return item.takes[1] end
function calls.GetTakeName (take) return alive (take).name end
function calls.TakeIsMIDI (take) return alive (take).midi end
function calls.GetMediaItemTake_Item (take) return alive (take).item end
function calls.GetMediaItemTake_Source (take) return alive (take).source end
function calls.GetTakeNumStretchMarkers (take) return alive (take).stretch end
function calls.GetMediaItemTakeByGUID (given, guid)
  for _, item in ipairs (project_of (given).items) do
    for _, take in ipairs (item.takes) do
      if take.guid == guid then return take end
    end
  end
end
function calls.GetSetMediaItemTakeInfo_String (take, name, _, set)
  assert (name == "GUID" and not set, "only GUID is read here")
  return true, alive (take).guid
end
local ITEM_VALUES = { D_POSITION = "position", D_LENGTH = "length" }
function calls.GetMediaItemInfo_Value (item, name)
  return item[ITEM_VALUES[name] or error ("unknown item value " .. name)] + 0.0
end
function calls.GetMediaItemTakeInfo_Value (take, name)
  assert (name == "D_STARTOFFS" or name == "D_PLAYRATE" or name == "B_PPITCH", "unknown take value " .. name)
  return alive (take)[name]
end

function calls.GetMediaSourceParent (source) return source.parent end
function calls.PCM_Source_GetSectionInfo (source)
  local section = source.given.section
  if not section then return false, 0.0, 0.0, false end
  return true, section.offset, section.length, source.given.reversed or false
end
function calls.GetMediaSourceFileName (source) return source.given.path or "" end
function calls.GetMediaSourceLength (source)
  return source.given.section and source.given.section.length or source.given.length, false
end

function calls.Undo_BeginBlock2 (given)
  project_of (given)
  undo_depth = undo_depth + 1
  if undo_depth == 1 then fake.before = snapshot () end
end
function calls.Undo_EndBlock2 (given, name, flags)
  assert (undo_depth > 0, "Undo_EndBlock2 without Undo_BeginBlock2")
  assert (name ~= "" and flags == -1)
  undo_depth = undo_depth - 1
  if undo_depth == 0 then table.insert (project_of (given).undos, { name = name, before = fake.before }) end
end
function calls.PreventUIRefresh (count)
  refresh = refresh + count
  assert (refresh >= 0, "PreventUIRefresh below 0")
end
function calls.UpdateArrange () assert (refresh == 0, "UpdateArrange does nothing while refreshing is prevented") end

function calls.GetNumTakeMarkers (take) return #alive (take).markers end
function calls.GetTakeMarker (take, index)
  local marker = alive (take).markers[index + 1]
  if not marker then return -1.0, "", 0 end
  return marker.position, marker.name, marker.color
end
function calls.SetTakeMarker (take, index, name, position, color)
  needs_undo ("SetTakeMarker")
  needs_flag ("SetTakeMarker", color)
  assert (index < 0, "changing a take marker is not known here")
  made_markers = made_markers + 1
  local marker = { position = position or 0.0, name = name, color = color or 0, number = made_markers }
  table.insert (alive (take).markers, marker)
  table.sort (take.markers, by_position)
  for i, one in ipairs (take.markers) do
    if one == marker then return i - 1 end
  end
end
function calls.DeleteTakeMarker (take, index)
  needs_undo ("DeleteTakeMarker")
  assert (alive (take).markers[index + 1], "there is no such take marker")
  table.remove (take.markers, index + 1)
  return true
end

function calls.EnumProjectMarkers3 (given, index)
  local marker = project_of (given).markers[index + 1]
  if not marker then return 0, false, 0.0, 0.0, "", 0, 0 end
  return index + 1, marker.region, marker.position, marker.finish, marker.name, marker.shown, marker.color
end
function calls.AddProjectMarker2 (given, is_region, position, finish, name, wanted, color)
  needs_undo ("AddProjectMarker2")
  needs_flag ("AddProjectMarker2", color)
  local markers, shown = project_of (given).markers, math.max (1, wanted)
  for _, marker in ipairs (markers) do
    if marker.position == position and marker.name == name and marker.region == is_region then return marker.shown end
    if marker.shown >= shown then shown = marker.shown + 1 end
  end
  made_markers = made_markers + 1
  table.insert (markers, {
    region = is_region, position = position + 0.0, finish = finish, name = name, shown = shown, color = color,
    number = made_markers
  })
  table.sort (markers, by_position)
  return shown
end
function calls.DeleteProjectMarkerByIndex (given, index)
  needs_undo ("DeleteProjectMarkerByIndex")
  assert (project_of (given).markers[index + 1], "there is no such marker")
  table.remove (project_of (given).markers, index + 1)
  return true
end
function calls.ColorToNative (r, g, b) return r | g << 8 | b << 16 end

-- A marker that is the user's, for tests.
function fake.users_marker (position, name, is_region)
  made_markers = made_markers + 1
  table.insert (project.markers, {
    region = is_region or false, position = position, finish = position + 1, name = name, shown = 90 + made_markers,
    color = 0, number = made_markers
  })
  table.sort (project.markers, by_position)
end
function fake.users_take_marker (item, position, name)
  made_markers = made_markers + 1
  table.insert (project.items[item].takes[1].markers,
    { position = position, name = name, color = 0, number = made_markers })
  table.sort (project.items[item].takes[1].markers, by_position)
end

-- What scripts remember.

local ext = {}
function calls.SetExtState (section, key, value) ext[section .. "\0" .. key] = value end
function calls.GetExtState (section, key) return ext[section .. "\0" .. key] or "" end
function calls.DeleteExtState (section, key) ext[section .. "\0" .. key] = nil end
function calls.SetProjExtState (given, name, key, value)
  assert (not value:find ("[\n\r\"'`]"), "this would not survive a project file")
  project_of (given).state[name .. "\0" .. key] = value
  return #value
end
function calls.GetProjExtState (given, name, key)
  local value = project_of (given).state[name .. "\0" .. key]
  return value and 1 or 0, value or ""
end

-- As after closing REAPER and opening the project again: takes are other objects with the same contents.
function fake.restart ()
  ext, fake.scripts = {}, {}
  local closed = project
  fake.new_project ()
  project.markers, project.state, project.items = closed.markers, closed.state, closed.items
  for _, item in ipairs (project.items) do
    for i, take in ipairs (item.takes) do
      local again = made ("MediaItem_Take")
      for key, value in pairs (take) do again[key] = value end
      take.gone, item.takes[i] = true, again
    end
  end
  closed.open = false
end

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

local function balanced ()
  assert (undo_depth == 0, "an undo block is left open")
  assert (refresh == 0, "PreventUIRefresh is out of balance")
end

local function guarded (running, body)
  local ok, fault = xpcall (body, debug.traceback)
  if ok then ok, fault = pcall (balanced) end
  if not ok then
    undo_depth, refresh = 0, 0
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

-- What stands in the project.

function fake.take_markers (number) return copied (project.items[number].takes[1].markers) end
function fake.project_markers () return copied (project.markers) end

return fake
