ardour {
  ["type"] = "EditorAction",
  name = "Segue: clear markers",
  author = "Segue",
  license = "MIT",
  description = [[Removes the exit and entry markers that Segue placed, and no others.]]
}

function factory ()
  local markers = include "ardour/markers"

  return function ()
    local ok, fault = pcall (markers.clear)
    if not ok then
      local text = "Segue could not clear its markers, please report this: " .. tostring (fault)
      LuaDialog.Message ("Segue: clear markers", text, LuaDialog.MessageType.Error, LuaDialog.ButtonType.OK):run ()
    end
  end
end

-- The button in the toolbar: the triangles of the markers' names, grey, with a stroke through them.
function icon () return function (ctx, width, height)
  local size = math.min (width, height) * 0.36
  for direction = -1, 1, 2 do
    local x = width / 2 + direction * 1.5
    ctx:move_to (x, height / 2 - size)
    ctx:line_to (x, height / 2 + size)
    ctx:line_to (x + direction * size, height / 2)
    ctx:close_path ()
    ctx:set_source_rgba (0.6, 0.6, 0.6, 1)
    ctx:fill ()
  end
  ctx:set_source_rgba (0.94, 0.39, 0.35, 1)
  ctx:set_line_width (2)
  ctx:move_to (width / 2 - size, height / 2 + size)
  ctx:line_to (width / 2 + size, height / 2 - size)
  ctx:stroke ()
end end
