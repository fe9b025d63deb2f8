-- Names of Segue's markers: made from a cut, and known again.
local marker_name = {}

local KINDS = { exit = "◀ exit ", entry = "▶ entry " }
local PLACES = { "bar %-?%d+", "no bar", "pick%-up" } -- the last is what older ones say

-- Name of a cut's marker, such as "◀ exit 0.91 · B · bar 17"; in free time, and before the first downbeat, the bar is -1.
function marker_name.of (cut)
  local hundredths = math.floor (cut.score * 100 + 0.5) -- "%.2f" has a comma where the user's language has one
  local parts = { KINDS[cut.kind] .. ("%d.%02d"):format (hundredths // 100, hundredths % 100) }
  if cut.section ~= "" then parts[2] = cut.section end
  parts[#parts + 1] = cut.bar > 0 and "bar " .. cut.bar or "no bar"
  return table.concat (parts, " · ")
end

-- "exit" or "entry" for a name that we gave; nil for any other: a marker that the user renamed is the user's.
function marker_name.kind (name)
  for kind, start in pairs (KINDS) do
    for _, place in ipairs (PLACES) do
      if name:match ("^" .. start .. "%d%.%d%d · .*" .. place .. "$") then return kind end
    end
  end
  return nil
end

return marker_name
