ardour {
  ["type"] = "EditorAction",
  name = "Segue: beats half a beat later",
  author = "Segue",
  license = "MIT",
  description = [[Marks the selected audio regions again, each beat half a beat later than before.]]
}

function factory ()
  local TITLE = "Segue: beats half a beat later"
  local marking = include "ardour/marking"
  local grid_of = (include "ardour/corrected_grid") ("later")
  return (include "ardour/action").new (TITLE, function () marking (TITLE, grid_of) end)
end
