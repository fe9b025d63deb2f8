ardour {
  ["type"] = "EditorAction",
  name = "Segue: mark cuts",
  author = "Segue",
  license = "MIT",
  description = [[Marks where the music of the selected audio regions can be left (exit) and joined (entry).]]
}

function factory ()
  local TITLE = "Segue: mark cuts"
  local marking = include "ardour/marking"
  return (include "ardour/action").new (TITLE, function () marking (TITLE) end)
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
