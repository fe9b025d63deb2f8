-- @noindex
-- Segue: clear markers.
local folder, loaded = select (2, reaper.get_action_context ()):match ("^(.*)[/\\]") .. "/../", {}
function include (name)
  loaded[name] = loaded[name] or dofile (folder .. name .. ".lua")
  return loaded[name]
end
include ("reaper/script").run ("clear markers", include ("reaper/actions").clear_markers)
