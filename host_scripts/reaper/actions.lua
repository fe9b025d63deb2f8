-- @noindex
-- Segue's actions in REAPER.
local correction = include "lib/correction"
local daemon = include "reaper/daemon"
local marker_name = include "lib/marker_name"
local markers = include "reaper/markers"
local memory = include "reaper/memory"
local play = include "reaper/player"
local region = include "reaper/region"
local script = include "reaper/script"
local session_grid = include "reaper/session_grid"

local actions = {}

-- The cuts of all parts whose item is still there, as markers.mark wants them.
local function found (project, parts)
  local list = {}
  for _, part in ipairs (parts) do
    if reaper.ValidatePtr2 (project, part.take, "MediaItem_Take*") then
      for _, cut in pairs (part.job.cuts) do
        list[#list + 1] = { take = part.take, position = cut.time - part.offset, cut = cut }
      end
    end
  end
  return list
end

local function warnings_of (jobs)
  local texts = {}
  for _, job in ipairs (jobs) do
    for _, text in ipairs (job.warnings) do texts[#texts + 1] = text end
  end
  return table.concat (texts, "\n")
end

-- Marks the cuts of the selected items; grid_of (project, part) gives the option `grid`, nil where it is to be found.
local function mark (project, grid_of)
  local parts, jobs = region.selected (project), {}
  local talk = daemon.talk ()
  for i, part in ipairs (parts) do
    local grid = grid_of and grid_of (project, part)
    part.options = grid and ('{"grid":%s}'):format (grid)
    part.job = talk.analyze (part)
    part.job.guid, part.job.offset = part.guid, part.offset
    jobs[i] = part.job
  end
  daemon.await (talk, jobs, jobs)
  if not reaper.ValidatePtr2 (project, project, "ReaProject*") then return end
  local list = found (project, parts)
  if #list == 0 then script.fail ("No good place to cut was found here; nothing was changed.") end
  markers.mark (project, list)
  memory.save (project, memory.new (jobs))
  local warnings = warnings_of (jobs)
  if warnings ~= "" then script.tell (warnings) end
end

-- Marks the cuts of the selected items, where the music's own beats were found.
function actions.mark_cuts (project) mark (project) end

-- Marks the cuts of the selected items by the project's own bars and beats.
function actions.use_session_grid (project) mark (project, session_grid) end

-- What marks the selected items again, each on the grid it was marked on last after one more step of lib/correction.
local function corrected (step)
  return function (project)
    local before = {} -- options by guid
    local marked = memory.load (project)
    for _, job in ipairs (marked and marked.jobs or {}) do before[job.guid] = job.options end
    mark (project, function (_, part) return correction (step, before[part.guid] or "") end)
  end
end

actions.beats_later = corrected ("later")
actions.double_tempo = corrected ("double")
actions.halve_tempo = corrected ("half")
actions.three_in_bar = corrected ("3/4")

local function marked_in (project)
  local marked = memory.load (project)
  if not marked then script.fail ("Nothing is marked here yet: select an audio item and run segue_mark_cuts first.") end
  if #marked.transitions == 0 then
    script.fail ("No two of these cuts go together: mark a longer part of the recording.")
  end
  return marked
end

-- The place of the next transition that was not rejected, in direction 1 or -1; behind the last one comes the first.
local function neighbour (marked, direction)
  local count = #marked.transitions
  local at = marked.at == 0 and direction < 0 and 1 or marked.at
  for step = 1, count do
    local place = (at - 1 + direction * step) % count + 1
    if marked.transitions[place].verdict ~= "rejected" then return place end
  end
  script.fail ("All transitions are rejected: mark the item again.")
end

local function cuts_of (transition)
  return { transition.job.cuts[transition.exit], transition.job.cuts[transition.entry] }
end

-- How the take plays its file; as the file is where the take is gone.
local function speed (project, job)
  local take = reaper.GetMediaItemTakeByGUID (project, job.guid)
  if not take then return 1, true end
  local value = reaper.GetMediaItemTakeInfo_Value
  return value (take, "D_PLAYRATE"), value (take, "B_PPITCH") ~= 0
end

local function audition (project, direction)
  local marked = marked_in (project)
  marked.at = direction == 0 and math.max (1, marked.at) or neighbour (marked, direction)
  memory.save (project, marked)
  local transition = marked.transitions[marked.at]
  local talk = daemon.talk ()
  local request = talk.preview (transition.job, transition.exit, transition.entry, 0, 0)
  daemon.await (talk, { transition.job }, { request })
  local cuts = cuts_of (transition)
  script.finally (function () script.status ("") end)
  script.status (("%s\n%s\n%d of %d"):format (
    marker_name.of (cuts[1]), marker_name.of (cuts[2]), marked.at, #marked.transitions))
  play (request.wav, speed (project, transition.job))
end

-- Plays the transition after, before, or at the one that was heard last; the best one comes first.
function actions.preview_next (project) audition (project, 1) end
function actions.preview_previous (project) audition (project, -1) end
function actions.preview_again (project) audition (project, 0) end

-- Where the cuts of a transition stand on the timeline, as the project's markers want them.
local function on_timeline (project, transition)
  local job, list = transition.job, {}
  local take = reaper.GetMediaItemTakeByGUID (project, job.guid)
  for _, cut in ipairs (take and cuts_of (transition) or {}) do
    local position = region.on_timeline (take, job.offset, cut.time)
    if position then list[#list + 1] = { position = position, cut = cut } end
  end
  return list
end

-- Tells the daemon all that it has not noted yet; what it cannot be told now is told with the next verdict.
local function say_verdicts (project, marked)
  local talk, jobs, asked = daemon.talk (), {}, {}
  for i, unsaid in ipairs (marked.unsaid) do
    local cut = unsaid.job.cuts[unsaid.cut]
    asked[i] = talk.verdict (unsaid.job, unsaid.cut, unsaid.verdict, cut.kind, cut.time)
    jobs[i] = unsaid.job
  end
  daemon.await (talk, jobs, asked)
  marked.unsaid = {}
  memory.save (project, marked)
end

-- Of two words on a cut the newer counts.
local function remember_to_say (marked, transition, verdict)
  local job, unsaid = transition.job, {}
  for _, old in ipairs (marked.unsaid) do
    local same = old.job == job and (old.cut == transition.exit or old.cut == transition.entry)
    unsaid[#unsaid + 1] = not same and old or nil
  end
  for _, cut in ipairs ({ transition.exit, transition.entry }) do
    unsaid[#unsaid + 1] = { job = job, cut = cut, verdict = verdict }
  end
  marked.unsaid = unsaid
end

local function judge (project, verdict, mark)
  local marked = marked_in (project)
  local transition = marked.transitions[marked.at]
  if not transition then script.fail ("Listen to a transition first: run segue_preview_next.") end
  transition.verdict = verdict
  remember_to_say (marked, transition, verdict)
  mark (project, on_timeline (project, transition))
  memory.save (project, marked)
  say_verdicts (project, marked)
end

-- Puts project markers at the transition that was heard last, and tells the daemon that it is good.
function actions.keep (project) judge (project, "kept", markers.keep) end

-- Leaves the transition that was heard last out from now on, and tells the daemon that it is not good.
function actions.reject (project) judge (project, "rejected", markers.discard) end

-- Removes Segue's markers from the project.
function actions.clear_markers (project) markers.clear (project) end

return actions
