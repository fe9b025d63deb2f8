-- Names of Segue's markers: made from a cut, and known again.
local marker_name = {}

local KINDS = { exit = "◀ exit ", entry = "▶ entry " }
local OURS = { exit = "^◀ exit %d%.%d%d · .*bar %-?%d+$", entry = "^▶ entry %d%.%d%d · .*bar %-?%d+$" }

-- Name of a cut's marker, such as "◀ exit 0.91 · B · bar 17".
function marker_name.of (cut)
  local hundredths = math.floor (cut.score * 100 + 0.5) -- "%.2f" has a comma where the user's language has one
  local parts = { KINDS[cut.kind] .. ("%d.%02d"):format (hundredths // 100, hundredths % 100) }
  if cut.section ~= "" then parts[2] = cut.section end
  parts[#parts + 1] = "bar " .. cut.bar
  return table.concat (parts, " · ")
end

-- "exit" or "entry" for a name that we gave; nil for any other: a marker that the user renamed is the user's.
function marker_name.kind (name)
  return name:match (OURS.exit) and "exit" or name:match (OURS.entry) and "entry" or nil
end

return marker_name
