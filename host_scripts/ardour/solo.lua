-- Our track alone is heard while a preview plays; the user's own solos come back when it ends.
-- What must come back stands in the track's comment: the hook that brings it back shares no variable with the actions,
-- and the session may be saved, closed and opened again in between.
local solo = {}

local OURS = "Segue's track for previews; 'Segue: clear preview' takes it away."
local PLAYING = "^" .. OURS:gsub ("%p", "%%%0") .. "\npreview (%d+) up to (%d+), soloed before:([%d ]*)$"
local found -- id of our track

local function set (routes, value)
  local controls = ARDOUR.ControlListPtr ()
  for _, route in ipairs (routes) do controls:push_back (route:solo_control ()) end
  Session:set_controls (controls, value, PBD.GroupControlDisposition.NoGroup)
end

local function ours (route)
  return route:comment ():sub (1, #OURS) == OURS
end

-- Our track as it was found before; nil where it was not, or is gone.
function solo.known_track ()
  local route = found and Session:route_by_id (PBD.ID (found))
  if route and not route:isnil () and ours (route) then return route end
  if found then collectgarbage () end -- Ardour does not let go of a route that a script still holds
  found = nil
end

-- Our track, known by its comment: a track of the same name is the user's. nil where there is none.
function solo.track ()
  local known = solo.known_track ()
  if known then return known end
  for route in Session:get_routes ():iter () do
    if ours (route) then
      found = route:to_stateful ():id ():to_s ()
      return route
    end
  end
end

-- Marks a new track as ours.
function solo.claim (track) track:set_comment (OURS, nil) end

-- While a preview plays, its number, another one for each, and the sample where it ends; nil at other times.
function solo.playing (track)
  local number, finish = track:comment ():match (PLAYING)
  return number, tonumber (finish)
end

-- Lets our track alone be heard; finish: the sample where the preview ends.
function solo.begin (track, finish)
  local number, _, before = track:comment ():match (PLAYING)
  local ids, others = { before }, {}
  for route in Session:get_routes ():iter () do
    local id = route:to_stateful ():id ():to_s ()
    if route:solo_control ():self_soloed () and id ~= track:to_stateful ():id ():to_s () then
      ids[#ids + 1], others[#others + 1] = id, route
    end
  end
  local text = "%s\npreview %d up to %d, soloed before:%s"
  track:set_comment (text:format (OURS, (tonumber (number) or 0) + 1, finish, table.concat (ids, " ")), nil)
  set (others, 0)
  set ({ track }, 1)
end

-- Brings back what was soloed before the preview.
function solo.finish (track)
  local _, _, before = track:comment ():match (PLAYING)
  if not before then return end
  local routes = {}
  for id in before:gmatch ("%d+") do
    local route = Session:route_by_id (PBD.ID (id))
    if not route:isnil () then routes[#routes + 1] = route end
  end
  solo.claim (track)
  set ({ track }, 0)
  set (routes, 1)
end

return solo
