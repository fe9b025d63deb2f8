-- The tempo map of a session as the option `grid` of /segue/analyze says it.
local NEAR = 3e-5 -- seconds by which a beat may miss: DAWs put beats on samples

-- To the microsecond; a comma stands where the user's language has one.
local function number (value) return (("%.6f"):format (value):gsub (",", "."):gsub ("%.?0+$", "")) end

local function rows (list)
  local texts = {}
  for i, row in ipairs (list) do
    local cells = {}
    for j, value in ipairs (row) do cells[j] = number (value) end
    texts[i] = "[" .. table.concat (cells, ",") .. "]"
  end
  return "[" .. table.concat (texts, ",") .. "]"
end

-- Of the beats { seconds, quarters } those between which all others lie evenly, within NEAR.
local function corners (beats)
  local from, kept, least, most = beats[1], { beats[1] }, 0, math.huge -- seconds of a quarter that meet all beats since
  for i = 2, #beats do
    local seconds, quarters = beats[i][1] - from[1], beats[i][2] - from[2]
    if seconds < least * quarters or seconds > most * quarters then
      from, least, most = beats[i - 1], 0, math.huge
      kept[#kept + 1] = from
      seconds, quarters = beats[i][1] - from[1], beats[i][2] - from[2]
    end
    least, most = math.max (least, (seconds - NEAR) / quarters), math.min (most, (seconds + NEAR) / quarters)
  end
  kept[#kept + 1] = beats[#beats]
  return kept
end

-- JSON of a grid: beats, a list of { seconds of the file, quarter notes }, two at least; signatures, a list of { quarter
-- notes, beats in a bar, note that is a beat }, the first at the first beat; bar, the number of the bar there.
return function (beats, signatures, bar)
  return ('{"points":%s,"signatures":%s,"bar":%d}'):format (rows (corners (beats)), rows (signatures), bar)
end
