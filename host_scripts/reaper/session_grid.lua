-- @noindex
-- The project's own bars and beats, as far as an item plays.
local grid = include "lib/grid"
local region = include "reaper/region"

-- What the ruler calls the bar at a time (seconds), by the project's own count.
local function bar_at (time) return math.tointeger (reaper.format_timestr_pos (time, "", 2):match ("^-?%d+")) end

-- The option `grid` for a part of region.lua: from the bar in which it begins to the one in which it ends.
return function (project, part)
  local start = region.in_project (part.take, part.offset, part.start)
  local finish = region.in_project (part.take, part.offset, part.start + part.length)
  local beats, signatures, last = {}, {}, nil
  local _, measure = reaper.TimeMap2_timeToBeats (project, start)
  measure = math.floor (measure)
  local first = reaper.TimeMap_GetMeasureInfo (project, measure)

  local function beat (quarter)
    local time = reaper.TimeMap2_QNToTime (project, quarter)
    beats[#beats + 1] = { region.in_file (part.take, part.offset, time), quarter }
    return time
  end

  repeat
    local _, from, to, count, unit = reaper.TimeMap_GetMeasureInfo (project, measure)
    if not last or last[2] ~= count or last[3] ~= unit then
      last = { from, count, unit }
      signatures[#signatures + 1] = last
    end
    local quarter = from
    while quarter < to - 1e-6 do
      beat (quarter)
      quarter = quarter + 4 / unit
    end
    measure = measure + 1
  until reaper.TimeMap2_QNToTime (project, to) > finish
  beat (select (2, reaper.TimeMap_GetMeasureInfo (project, measure)))
  return grid (beats, signatures, bar_at (first + 1e-6))
end
