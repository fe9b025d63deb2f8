-- Segue's markers in an Ardour session: their names, placing a set in one undo step, clearing exactly ours.
local marker_name = include "lib/marker_name"

local KEPT = " ✓" -- what the user kept is the user's

local markers = {}

-- The kind of a cut whose marker was kept; nil for any other name.
local function kept_kind (name)
  return name:sub (-#KEPT) == KEPT and marker_name.kind (name:sub (1, -#KEPT - 1)) or nil
end

local function all ()
  local list = {}
  for location in Session:locations ():list ():iter () do list[#list + 1] = location end
  return list
end

local function our_marks ()
  local list = {}
  for _, location in ipairs (all ()) do
    if location:is_mark () and marker_name.kind (location:name ()) then list[#list + 1] = location end
  end
  return list
end

-- Switches a preference off, where this Ardour has it; returns what brings it back.
local function switched_off (config, name)
  local get, set = config["get_" .. name], config["set_" .. name]
  if not set then return function () end end
  local before = get (config)
  set (config, false)
  return function () set (config, before) end
end

-- Runs body without what would ask for every name, or move marks onto the grid.
local function undisturbed (body)
  local ask = switched_off (ArdourUI.config (), "name_new_markers")
  local glue = switched_off (Session:cfg (), "glue_new_markers_to_bars_and_beats")
  local ok, fault = pcall (body)
  ask ()
  glue ()
  if not ok then error (fault, 0) end
end

local function remove (locations)
  for _, location in ipairs (locations) do Session:locations ():remove (location) end
end

-- Adds that many marks, in one undo step, and returns them. They stand a second apart behind all that is there: Ardour
-- may add none so near to another that it takes both for one, and so no mark of the user's is ever taken for a new one.
--
-- Ardour makes one undo step for every marker it adds, and remembers in it how all markers stood before. Only the first
-- one is added so; what follows leaves no step: commands cannot be nested, so a command begun around an addition makes
-- Ardour drop both.
local function add (count)
  local last, new = 0, {}
  for _, location in ipairs (all ()) do last = math.max (last, location:_end ():samples ()) end
  for i = 1, count do
    if i > 1 then Session:begin_reversible_command ("Segue: mark cuts") end
    local position = last + i * Session:nominal_sample_rate ()
    Editor:mouse_add_new_marker (Temporal.timepos_t (position), ARDOUR.LocationFlags.IsMark, 0)
  end
  for _, location in ipairs (all ()) do
    if location:start ():samples () > last then new[#new + 1] = location end
  end
  if #new ~= count then
    remove (new)
    error ("Ardour added " .. #new .. " markers instead of " .. count)
  end
  return new
end

-- Puts a new mark at a sample, also where the session counts in beats.
local function move (location, position)
  location:move_to (Temporal.timepos_t (0)) -- from then on it counts in samples
  location:move_to (Temporal.timepos_t (position))
  local start, finish = location:start ():samples (), location:_end ():samples ()
  assert (start == position and finish == position, "Ardour moved a marker")
end

-- Whether a mark stands at a sample. Where a session counts in beats Ardour moves all marks to its ticks, when it opens
-- the session: 6 samples at 120 bpm.
local function stands (location, position)
  return math.abs (location:start ():samples () - position) <= Session:nominal_sample_rate () // 500
end

-- Those of the list that no marker stands for that the user kept.
local function without_kept (list)
  local kept, rest = { exit = {}, entry = {} }, {}
  for _, location in ipairs (all ()) do
    local kind = location:is_mark () and kept_kind (location:name ())
    if kind then table.insert (kept[kind], location) end
  end
  for _, marker in ipairs (list) do
    local is_kept = false
    for _, location in ipairs (kept[marker.kind]) do is_kept = is_kept or stands (location, marker.position) end
    if not is_kept then rest[#rest + 1] = marker end
  end
  return rest
end

-- Replaces our markers by the list of { position = samples, kind, name }, but for what was kept; one Undo brings the
-- earlier ones back.
function markers.place (list)
  local earlier = our_marks ()
  list = without_kept (list)
  if #list == 0 then return markers.clear () end
  undisturbed (function ()
    local new = add (#list)
    local ok, fault = pcall (function ()
      for i, marker in ipairs (list) do
        move (new[i], marker.position)
        new[i]:set_name (marker.name)
      end
    end)
    remove (ok and earlier or new)
    if not ok then error (fault, 0) end
  end)
end

-- Makes our marker of that kind at that sample the user's.
function markers.keep (kind, position)
  for _, location in ipairs (our_marks ()) do
    if stands (location, position) and marker_name.kind (location:name ()) == kind then
      location:set_name (location:name () .. KEPT)
    end
  end
end

-- Removes our markers and returns how many there were; one Undo brings them back.
function markers.clear ()
  local earlier = our_marks ()
  if #earlier == 0 then return 0 end
  undisturbed (function ()
    remove (add (1)) -- only for the undo step that comes with it
    remove (earlier)
  end)
  return #earlier
end

return markers
