ardour {
  ["type"] = "EditorAction",
  name = "Segue: reject transition",
  author = "Segue",
  license = "MIT",
  description = [[Takes the transition that was heard last out of the list; Segue will learn from it.]]
}

function factory ()
  local TITLE = "Segue: reject transition"
  local preview = include "ardour/preview"
  return (include "ardour/action").new (TITLE, function () preview.reject (TITLE) end)
end
