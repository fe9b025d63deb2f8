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

-- Runs body with the two preferences off that would ask for every name, or move marks onto the grid.
local function undisturbed (body)
  local ui, session = ArdourUI.config (), Session:cfg ()
  local ask, glue = ui:get_name_new_markers (), session:get_glue_new_markers_to_bars_and_beats ()
  ui:set_name_new_markers (false)
  session:set_glue_new_markers_to_bars_and_beats (false)
  local ok, fault = pcall (body)
  ui:set_name_new_markers (ask)
  session:set_glue_new_markers_to_bars_and_beats (glue)
  if not ok then error (fault, 0) end
end

local function add (position)
  Editor:mouse_add_new_marker (Temporal.timepos_t (position), ARDOUR.LocationFlags.IsMark, 0)
end

-- Those of the list that no marker stands for that the user kept.
local function without_kept (list)
  local kept, rest = {}, {}
  for _, location in ipairs (all ()) do
    local kind = location:is_mark () and kept_kind (location:name ())
    if kind then kept[kind .. location:start ():samples ()] = true end
  end
  for _, marker in ipairs (list) do
    if not kept[marker.kind .. marker.position] then rest[#rest + 1] = marker end
  end
  return rest
end

-- Replaces our markers by the list of { position = samples, kind, name }, but for what was kept; one Undo brings the
-- earlier ones back.
--
-- Ardour makes one undo step for every marker it adds, and remembers in it how all markers stood before. Only the first
-- one is added so; what follows leaves no step: commands cannot be nested, so a command begun around an addition makes
-- Ardour drop both.
function markers.place (list)
  local earlier = our_marks ()
  list = without_kept (list)
  if #list == 0 then return markers.clear () end
  undisturbed (function ()
    add (list[1].position)
    for _, location in ipairs (earlier) do Session:locations ():remove (location) end
    for i = 2, #list do
      Session:begin_reversible_command ("Segue: mark cuts")
      add (list[i].position)
    end
    local now = all () -- new ones stand at the end, in their order
    for i, marker in ipairs (list) do
      local location = now[#now - #list + i]
      assert (location:start ():samples () == marker.position, "Ardour moved a marker")
      location:set_name (marker.name)
    end
  end)
end

-- Makes our marker of that kind at that sample the user's.
function markers.keep (kind, position)
  for _, location in ipairs (our_marks ()) do
    if location:start ():samples () == position and marker_name.kind (location:name ()) == kind then
      location:set_name (location:name () .. KEPT)
    end
  end
end

-- Removes our markers and returns how many there were; one Undo brings them back.
function markers.clear ()
  local earlier = our_marks ()
  if #earlier == 0 then return 0 end
  undisturbed (function ()
    add (earlier[1]:start ():samples ()) -- only for the undo step that comes with it
    local now = all ()
    Session:locations ():remove (now[#now])
    for _, location in ipairs (earlier) do Session:locations ():remove (location) end
  end)
  return #earlier
end

return markers
