ardour {
  ["type"] = "EditorAction",
  name = "Segue: three in a bar",
  author = "Segue",
  license = "MIT",
  description = [[Marks the selected audio regions again, with three beats in a bar.]]
}

function factory ()
  local TITLE = "Segue: three in a bar"
  local marking = include "ardour/marking"
  local grid_of = (include "ardour/corrected_grid") ("3/4")
  return (include "ardour/action").new (TITLE, function () marking (TITLE, grid_of) end)
end
