ardour {
  ["type"] = "EditorAction",
  name = "Segue: mark cuts",
  author = "Segue",
  license = "MIT",
  description = [[Marks where the music of the selected audio regions can be left (exit) and joined (entry).]]
}

function factory ()
  local TITLE = "Segue: mark cuts"
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

  return action.new (TITLE, function ()
    local list = regions.analyse (TITLE)
    if not list then return end
    local set = found (list)
    if #set == 0 then
      action.tell (TITLE, "No good place to cut was found here; nothing was changed.", "Info")
    else
      markers.place (set)
    end
  end)
end

-- The button in the toolbar: the two triangles that begin the markers' names.
function icon () return function (ctx, width, height)
  local size = math.min (width, height) * 0.36
  local function triangle (x, direction, red, green, blue)
    ctx:move_to (x, height / 2 - size)
    ctx:line_to (x, height / 2 + size)
    ctx:line_to (x + direction * size, height / 2)
    ctx:close_path ()
    ctx:set_source_rgba (red, green, blue, 1)
    ctx:fill ()
  end
  triangle (width / 2 - 1.5, -1, 0.94, 0.39, 0.35)
  triangle (width / 2 + 1.5, 1, 0.40, 0.80, 0.45)
end end
