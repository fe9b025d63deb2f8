-- The session's own bars and beats, as far as a region plays.
local grid = include "lib/grid"

local QUARTER = 1920 -- ticks

local function at (tick) return Temporal.timepos_t.from_ticks (math.floor (tick)) end

-- The option `grid` for a part of regions.lua: from the bar in which it begins to the one in which it ends.
return function (part)
  local map = Temporal.TempoMap.read ()
  local first = Temporal.timepos_t (part.position)
  local place = map:bbt_at (first)
  local tick = first:ticks () - place.ticks - (place.beats - 1) * 4 * QUARTER // map:meter_at (first):note_value ()
  local beats, signatures, last = {}, {}, nil

  local function beat (when)
    local sample = at (when):samples ()
    beats[#beats + 1] = { (part.start + sample - part.position) / part.rate, when / QUARTER }
    return sample
  end

  repeat
    local meter = map:meter_at (at (tick + 1)) -- at a bar line itself Ardour may tell that of the bar before
    local count, unit = meter:divisions_per_bar (), meter:note_value ()
    if not last or last[2] ~= count or last[3] ~= unit then
      last = { tick / QUARTER, count, unit }
      signatures[#signatures + 1] = last
    end
    for i = 0, count - 1 do beat (tick + i * 4 * QUARTER // unit) end
    tick = tick + count * 4 * QUARTER // unit
  until at (tick):samples () > part.position + part.length
  beat (tick)
  return grid (beats, signatures, place.bars)
end
