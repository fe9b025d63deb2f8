-- The project of the fake REAPER: items, takes, sources, markers, undo, and what scripts keep in it. Called with the
-- fake, its table of calls, and made (kind, fields), which makes one of REAPER's objects.
local fake, calls, made = ...

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
  if color and color ~= 0 and color & 0x1000000 == 0 then error (name .. ": a colour without 0x1000000", 3) end
end

local function by_position (a, b)
  if a.position ~= b.position then return a.position < b.position end
  return a.number < b.number
end

local made_markers = 0


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

-- Tempo and metre. `project.tempi`: from a quarter note on, beats a minute and time signature; each begins a measure.
-- `project.first_bar`: what the ruler calls the first measure.
local function tempi (given) return project_of (given).tempi or { { 0, 120, 4, 4 } } end

local function time_of (given, quarter)
  local time, list = 0, tempi (given)
  for i, one in ipairs (list) do
    local following = list[i + 1]
    local stop = following and math.min (quarter, following[1]) or quarter
    if stop > one[1] or i == 1 then time = time + (stop - one[1]) * 60 / one[2] end
  end
  return time
end

-- Measures from 0: a list as long as asked for of { first quarter, behind it, beats, unit, tempo }.
local function measures (given, count)
  local list, at, which = {}, 0, 1
  while #list < count do
    local following = tempi (given)[which + 1]
    if following and at >= following[1] then which = which + 1 end
    local _, tempo, beats, unit = table.unpack (tempi (given)[which])
    list[#list + 1] = { at, at + beats * 4 / unit, beats, unit, tempo }
    at = at + beats * 4 / unit
  end
  return list
end

local function measure_at (given, time)
  local list = measures (given, 2000)
  for i = #list, 1, -1 do
    if time_of (given, list[i][1]) <= time then return i - 1, list[i] end
  end
  return 0, list[1]
end

function calls.TimeMap2_QNToTime (given, quarter) return time_of (given, quarter) + 0.0 end
function calls.TimeMap_GetMeasureInfo (given, measure)
  local one = measures (given, measure + 1)[measure + 1]
  return time_of (given, one[1]) + 0.0, one[1] + 0.0, one[2] + 0.0, one[3], one[4], one[5] + 0.0
end
function calls.TimeMap2_timeToBeats (given, time)
  local number, one = measure_at (given, time)
  return 0.0, number, one[3], 0.0, one[4]
end
function calls.format_timestr_pos (time, _, mode)
  assert (mode == 2, "only measures.beats is read here")
  return ("%d.1.00"):format (measure_at (0, time) + (project.first_bar or 1))
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

-- What stands in the project.

function fake.take_markers (number) return copied (project.items[number].takes[1].markers) end
function fake.project_markers () return copied (project.markers) end

local locks = {}

-- Raises where a script left an undo block or a refresh lock behind.
function locks.check ()
  assert (undo_depth == 0, "an undo block is left open")
  assert (refresh == 0, "PreventUIRefresh is out of balance")
end

function locks.mend () undo_depth, refresh = 0, 0 end

return locks
