-- @noindex
-- Segue's markers in a REAPER project: every cut as a take marker, which moves and splits with its item, the cuts that
-- the user kept as project markers. Each change is one undo step.
local marker_name = include "lib/marker_name"

local markers = {}

local function colour (kind)
  local native = kind == "exit" and reaper.ColorToNative (240, 100, 90) or reaper.ColorToNative (102, 204, 115)
  return native | 0x1000000 -- without this bit REAPER ignores a colour
end

-- Runs body as one undo step, whatever becomes of it.
local function edit (project, title, body)
  reaper.Undo_BeginBlock2 (project)
  reaper.PreventUIRefresh (1)
  local ok, fault = pcall (body)
  reaper.PreventUIRefresh (-1)
  reaper.Undo_EndBlock2 (project, title, -1)
  reaper.UpdateArrange ()
  if not ok then error (fault, 0) end
end

-- Our take markers as a list of { take, index }, so ordered that each can be deleted in turn.
local function in_takes (project)
  local list = {}
  for i = 0, reaper.CountMediaItems (project) - 1 do
    local item = reaper.GetMediaItem (project, i)
    for t = 0, reaper.CountTakes (item) - 1 do
      local take = reaper.GetTake (item, t)
      for index = take and reaper.GetNumTakeMarkers (take) - 1 or -1, 0, -1 do
        local _, name = reaper.GetTakeMarker (take, index)
        if marker_name.kind (name) then list[#list + 1] = { take = take, index = index } end
      end
    end
  end
  return list
end

-- Our project markers as a list of { index, position, name }, the last one first.
local function in_project (project)
  local list, index = {}, 0
  while true do
    local more, is_region, position, _, name = reaper.EnumProjectMarkers3 (project, index)
    if more == 0 then return list end
    if not is_region and marker_name.kind (name) then
      table.insert (list, 1, { index = index, position = position, name = name })
    end
    index = index + 1
  end
end

local function delete_from_takes (list)
  for _, marker in ipairs (list) do reaper.DeleteTakeMarker (marker.take, marker.index) end
end

-- Replaces our take markers in the project by the list of { take, position (seconds of the take's source), cut }.
function markers.mark (project, list)
  edit (project, "Segue: mark cuts", function ()
    delete_from_takes (in_takes (project))
    for _, marker in ipairs (list) do
      reaper.SetTakeMarker (marker.take, -1, marker_name.of (marker.cut), marker.position, colour (marker.cut.kind))
    end
  end)
end

-- Which of our project markers stands for a { position, cut }; nil where none does.
local function standing (list, wanted)
  for _, marker in ipairs (list) do
    local near = math.abs (marker.position - wanted.position) < 1e-6
    if near and marker.name == marker_name.of (wanted.cut) then return marker end
  end
end

-- Adds project markers where there are none yet: a list of { position (seconds of the timeline), cut }.
function markers.keep (project, list)
  local there, new = in_project (project), {}
  for _, wanted in ipairs (list) do new[#new + 1] = not standing (there, wanted) and wanted or nil end
  if #new == 0 then return end
  edit (project, "Segue: keep transition", function ()
    for _, marker in ipairs (new) do
      reaper.AddProjectMarker2 (
        project, false, marker.position, 0, marker_name.of (marker.cut), -1, colour (marker.cut.kind))
    end
  end)
end

-- Removes those of our project markers that stand for the list of { position, cut }.
function markers.discard (project, list)
  local there, gone = in_project (project), {}
  for _, wanted in ipairs (list) do gone[#gone + 1] = standing (there, wanted) end
  if #gone == 0 then return end
  table.sort (gone, function (a, b) return a.index > b.index end) -- so that the places of the others hold
  edit (project, "Segue: reject transition", function ()
    for _, marker in ipairs (gone) do reaper.DeleteProjectMarkerByIndex (project, marker.index) end
  end)
end

-- Removes all markers of ours, and no others; returns how many there were.
function markers.clear (project)
  local takes, kept = in_takes (project), in_project (project)
  if #takes + #kept == 0 then return 0 end
  edit (project, "Segue: clear markers", function ()
    delete_from_takes (takes)
    for _, marker in ipairs (kept) do reaper.DeleteProjectMarkerByIndex (project, marker.index) end
  end)
  return #takes + #kept
end

return markers
