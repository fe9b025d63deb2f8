-- Marks the selected regions.
local action = include "ardour/action"
local regions = include "ardour/regions"
local markers = include "ardour/markers"
local marker_name = include "lib/marker_name"

-- The markers of all regions: position in samples of the timeline, exact to the sample.
local function found (list)
  local set = {}
  for _, part in ipairs (list) do
    for _, cut in pairs (part.job.cuts) do
      local position = regions.position (part, cut.time)
      if position then
        local name = marker_name.of (cut)
        set[#set + 1] = { position = position, kind = cut.kind, name = name }
      end
    end
  end
  table.sort (set, function (a, b) return a.position < b.position end)
  return set
end

-- Each warning once.
local function warnings (list)
  local texts, known = {}, {}
  for _, part in ipairs (list) do
    for _, text in ipairs (part.job.warnings) do
      if not known[text] then texts[#texts + 1] = text end
      known[text] = true
    end
  end
  return table.concat (texts, "\n")
end

-- grid_of (part) gives the option `grid`, where the beats are not to be found; then what is said of it is shown.
return function (title, grid_of)
  local list = regions.analyse (title, grid_of)
  if not list then return end
  local set = found (list)
  if #set == 0 then
    action.tell (title, "No good place to cut was found here; nothing was changed.", "Info")
    return
  end
  markers.place (set)
  local said = grid_of and warnings (list) or ""
  if said ~= "" then action.tell (title, said, "Info") end
end
