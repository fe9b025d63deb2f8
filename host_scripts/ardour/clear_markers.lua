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
