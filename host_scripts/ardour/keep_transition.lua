ardour {
  ["type"] = "EditorAction",
  name = "Segue: keep transition",
  author = "Segue",
  license = "MIT",
  description = [[Keeps the transition that was heard last: its two markers become yours.]]
}

function factory ()
  local TITLE = "Segue: keep transition"
  local preview = include "ardour/preview"
  return (include "ardour/action").new (TITLE, function () preview.keep (TITLE) end)
end
