-- The audio regions that the user selected, asked about: what part of which files they play, and what is found there.
local rate_of = include "lib/rate"
local action = include "ardour/action"

local MOST = 100 -- markers; Ardour's window stands still for a second when it gets twice as many

local regions = {}

-- What a region plays, in samples of its files. Ardour plays a file sample by sample even where its rate is not the
-- session's, so the file's rate is what counts.
local function played (region)
  local paths, seen = {}, {}
  for c = 0, region:n_channels () - 1 do
    local source = region:source (c):to_filesource ()
    if source:isnil () then
      action.fail ("'" .. region:name () .. "' is made of other regions: bounce it first, then mark the new one.")
    end
    if not seen[source:path ()] then paths[#paths + 1] = source:path () end
    seen[source:path ()] = true
  end
  local rate = rate_of (paths[1])
  if not rate then
    action.fail ("The kind of file of '" .. region:name () ..
      "' is unknown, or it is gone: import it into the session.")
  end
  return {
    id = region:to_stateful ():id ():to_s (), paths = table.concat (paths, "\n"), rate = rate,
    position = region:position ():samples (), start = region:start ():samples (),
    length = region:length ():samples ()
  }
end

local function selected ()
  local list = {}
  for region in Editor:get_selection ().regions:regionlist ():iter () do
    local audio = region:to_audioregion ()
    if not audio:isnil () then list[#list + 1] = played (audio) end
  end
  if #list == 0 then action.fail ("Select an audio region first, then run this action again.") end
  return list
end

-- The options of /segue/analyze.
local function options (part, count, grid_of)
  local said = {}
  if count > 2 then said[1] = ('"top":%d'):format (math.max (1, MOST // 2 // count)) end
  local grid = grid_of and grid_of (part)
  if grid then said[#said + 1] = '"grid":' .. grid end
  return said[1] and "{" .. table.concat (said, ",") .. "}" or ""
end

-- Analyses the selected regions: a list of { id, paths, rate, position, start, length (samples), job (lib/talk) }; nil
-- where the user pressed Cancel. grid_of (part) gives the option `grid` of one; nil, as no grid_of, where it is
-- to be found.
function regions.analyse (title, grid_of)
  local list, jobs = selected (), {}
  local talk = action.talk ()
  local ok, answered = pcall (function ()
    for i, part in ipairs (list) do
      part.job = talk.analyze {
        paths = part.paths, start = part.start / part.rate, length = part.length / part.rate,
        options = options (part, #list, grid_of)
      }
      jobs[i] = part.job
    end
    return action.await (title, jobs)
  end)
  if not ok or not answered then
    for _, job in ipairs (jobs) do talk.cancel (job) end
  end
  if not ok then error (answered, 0) end
  if not answered then return nil end
  Segue.session, Segue.parts, Segue.transitions = Session:path (), list, nil
  return list
end

-- The region that was analysed, as it stands now.
function regions.still_there (part)
  local region = ARDOUR.RegionFactory.region_by_id (PBD.ID (part.id))
  if not region:isnil () then return region:to_audioregion () end
  Segue.parts, Segue.transitions = nil, nil
  action.fail ("The region of this transition is gone: select one, then run this action again.")
end

-- Where a time in the file stands on the timeline, in samples; nil where the region does not play it.
function regions.position (part, time)
  local offset = math.floor (time * part.rate + 0.5) - part.start
  return offset >= 0 and offset <= part.length and part.position + offset or nil
end

return regions
