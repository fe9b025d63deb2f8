ardour {
  ["type"] = "EditorAction",
  name = "Segue: clear preview",
  author = "Segue",
  license = "MIT",
  description = [[Stops a preview and takes its track away; Ardour asks before it does.]]
}

function factory ()
  local splice = include "ardour/splice"
  return (include "ardour/action").new ("Segue: clear preview", splice.clear)
end
