ardour {
  ["type"] = "EditorAction",
  name = "Segue: preview previous transition",
  author = "Segue",
  license = "MIT",
  description = [[Plays the transition before the one that was heard last.]]
}

function factory ()
  local TITLE = "Segue: preview previous transition"
  local preview = include "ardour/preview"
  return (include "ardour/action").new (TITLE, function () preview.step (TITLE, -1) end)
end
