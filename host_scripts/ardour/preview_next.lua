ardour {
  ["type"] = "EditorAction",
  name = "Segue: preview next transition",
  author = "Segue",
  license = "MIT",
  description = [[Plays the best transition of the marked regions, then the next best one, and so on.]]
}

function factory ()
  local TITLE = "Segue: preview next transition"
  local preview = include "ardour/preview"
  return (include "ardour/action").new (TITLE, function () preview.step (TITLE, 1) end)
end
