ardour {
  ["type"] = "EditorAction",
  name = "Segue: use the session's grid",
  author = "Segue",
  license = "MIT",
  description = [[Marks the selected audio regions by the session's own bars and beats, and counts in them.]]
}

function factory ()
  local TITLE = "Segue: use the session's grid"
  local marking = include "ardour/marking"
  local session_grid = include "ardour/session_grid"
  return (include "ardour/action").new (TITLE, function () marking (TITLE, session_grid) end)
end
