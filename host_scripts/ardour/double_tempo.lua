ardour {
  ["type"] = "EditorAction",
  name = "Segue: double the tempo",
  author = "Segue",
  license = "MIT",
  description = [[Marks the selected audio regions again, with two beats for each one before.]]
}

function factory ()
  local TITLE = "Segue: double the tempo"
  local marking = include "ardour/marking"
  local grid_of = (include "ardour/corrected_grid") ("double")
  return (include "ardour/action").new (TITLE, function () marking (TITLE, grid_of) end)
end
