-- Hears, keeps and rejects the transitions of the regions that were marked last.
local action = include "ardour/action"
local regions = include "ardour/regions"
local splice = include "ardour/splice"
local markers = include "ardour/markers"

local preview = {}

-- The transitions of the session, best first; nil where the user pressed Cancel.
local function transitions (title)
  if Segue.session == Session:path () and Segue.transitions then return Segue.transitions end
  local parts = Segue.session == Session:path () and Segue.parts or regions.analyse (title)
  if not parts then return nil end
  local all = {}
  for _, part in ipairs (parts) do
    for _, one in ipairs (part.job.transitions) do
      all[#all + 1] = { part = part, exit = one.exit, entry = one.entry, score = one.score }
    end
  end
  table.sort (all, function (a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.part.job.cuts[a.exit].time < b.part.job.cuts[b.exit].time
  end)
  Segue.transitions, Segue.at = all, 0.5
  return all
end

-- The transition that was previewed last: `Segue.at` is its place in the list, a half where it stands between two.
local function current ()
  local one = Segue.session == Session:path () and Segue.transitions and Segue.transitions[Segue.at]
  return one or action.fail ("Preview a transition first, then keep or reject it.")
end

-- Tells the daemon, and returns whether it has noted it.
local function judge (title, one, verdict)
  local asked = {}
  for i, id in ipairs { one.exit, one.entry } do
    local cut = one.part.job.cuts[id]
    asked[i] = action.talk ().verdict (one.part.job, id, verdict, cut.kind, cut.time)
  end
  return action.await (title, asked)
end

-- Plays the transition that many steps further down the list; after the last comes the first.
function preview.step (title, steps)
  if Session:record_status () ~= ARDOUR.Session.RecordState.Disabled then
    action.fail ("Ardour is ready to record: switch recording off, then run this action again.")
  end
  local all = transitions (title)
  if not all then return end
  if #all == 0 then
    action.tell (title, "No good transition was found here.", "Info")
    return
  end
  local at = steps > 0 and math.floor (Segue.at) + steps or math.ceil (Segue.at) + steps
  Segue.at = (at - 1) % #all + 1
  local one = all[Segue.at]
  local region = regions.still_there (one.part)
  local join = action.talk ().preview (one.part.job, one.exit, one.entry, 0, 0)
  if action.await (title, { join }) then splice.play (region, one.part.rate, join) end
end

-- Both markers become the user's.
function preview.keep (title)
  local one = current ()
  if not judge (title, one, "kept") then return end
  for _, id in ipairs { one.exit, one.entry } do
    local cut = one.part.job.cuts[id]
    local position = regions.position (one.part, cut.time)
    if position then markers.keep (cut.kind, position) end
  end
end

-- The transition leaves the list.
function preview.reject (title)
  local one = current ()
  if not judge (title, one, "rejected") then return end
  table.remove (Segue.transitions, Segue.at)
  Segue.at = Segue.at - 0.5
end

return preview
