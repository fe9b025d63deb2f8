ardour {
  ["type"] = "EditorAction",
  name = "Segue: halve the tempo",
  author = "Segue",
  license = "MIT",
  description = [[Marks the selected audio regions again, with one beat for two before.]]
}

function factory ()
  local TITLE = "Segue: halve the tempo"
  local marking = include "ardour/marking"
  local grid_of = (include "ardour/corrected_grid") ("half")
  return (include "ardour/action").new (TITLE, function () marking (TITLE, grid_of) end)
end
