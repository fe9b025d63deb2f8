-- @noindex
-- Segue: double the tempo.
local folder, loaded = select (2, reaper.get_action_context ()):match ("^(.*)[/\\]") .. "/../", {}
function include (name)
  loaded[name] = loaded[name] or dofile (folder .. name .. ".lua")
  return loaded[name]
end
include ("reaper/script").run ("mark cuts", include ("reaper/actions").double_tempo)
