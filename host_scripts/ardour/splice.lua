-- A join of two places of a region, on a track of its own, played from before to after: two overlapping pieces of the
-- region, so that what is heard is the user's own recording, exact to the sample, and nothing is imported.
local action = include "ardour/action"
local solo = include "ardour/solo"

local NAME = "Segue preview"
local SETTLE = 50000 -- microseconds

local splice = {}

local function time (samples) return Temporal.timepos_t (samples) end
local function count (samples) return Temporal.timecnt_t.from_samples (samples) end

-- Length of a WAV file in seconds; it is the daemon's own.
local function duration (path)
  local file = io.open (path, "rb") or action.fail ("The preview is gone: run this action again.")
  local at, bytes_a_second, seconds = 12, nil, nil
  repeat
    file:seek ("set", at)
    local name, size = string.unpack ("<c4I4", file:read (8))
    if name == "fmt " then bytes_a_second = string.unpack ("<I4", file:read (12), 9) end
    if name == "data" then seconds = size / bytes_a_second end
    at = at + 8 + size + size % 2
  until seconds
  file:close ()
  return seconds
end

-- Stops what plays or is about to; Ardour needs a moment more, in which it would forget the end of the next roll.
local function stop ()
  Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
  for _ = 1, 200 do
    if Session:transport_stopped () then break end
    ARDOUR.LuaAPI.usleep (5000)
  end
  ARDOUR.LuaAPI.usleep (SETTLE)
end

local function pieces (track)
  local list = {}
  for region in track:to_track ():playlist ():region_list ():iter () do list[#list + 1] = region end
  return list
end

local function empty (track)
  for _, region in ipairs (pieces (track)) do track:to_track ():playlist ():remove_region (region) end
end

local function select (regions)
  local list = ArdourUI.SelectionList ()
  for _, region in ipairs (regions) do
    local view = Editor:regionview_from_region (region)
    if view then list:push_back (view) end
  end
  Editor:set_selection (list, ArdourUI.SelectionOp.Set)
end

-- A new audio track.
local function new_track (channels)
  local shared, no_group = pcall (ARDOUR.RouteGroup) -- Ardour 9 takes an empty pointer for none, earlier ones nil
  for track in Session:new_audio_track (channels, 2, shared and no_group or nil, 1, NAME,
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):iter () do return track end
  action.fail ("Ardour could not make a track for the preview.")
end

-- Our track, made where there is none, with as many channels as the region has, and at least two.
local function track_for (region)
  local track, selected = solo.track (), {}
  if track then return track end
  for one in Editor:get_selection ().regions:regionlist ():iter () do selected[#selected + 1] = one end
  track = new_track (math.max (2, region:n_channels ()))
  solo.claim (track)
  select (selected) -- Ardour has selected the new track instead
  return track
end

-- The part of the region's files from first up to last, in samples, put at a place of the playlist.
local function piece (region, track, name, first, last, position)
  local copy = ARDOUR.RegionFactory.clone_region (region, false, false):to_audioregion ()
  copy:set_name (name)
  copy:set_locked (false) -- the user's may be; a locked one keeps its length
  copy:set_position_locked (false)
  copy:set_length (count (1)) -- so that no step asks for more than the file has
  copy:set_start (time (first))
  copy:set_length (count (last - first))
  copy:set_muted (false)
  copy:set_opaque (true)
  copy:set_envelope_active (false) -- it would be that of other music
  copy:set_fade_in_active (false)
  copy:set_fade_out_active (false)
  track:to_track ():playlist ():add_region (copy, time (position), 1, false)
  return copy
end

-- Plays a join (lib/talk) of the region, whose files have that rate in Hz.
function splice.play (region, rate, join)
  local function samples (seconds) return math.floor (seconds * rate + 0.5) end
  local start, length = region:start ():samples (), region:length ():samples ()
  local leave, enter = samples (join.leave), samples (join.enter)
  local ahead, fade = samples (join.ahead), samples (join.fade)
  -- What the user trimmed away is not heard, but for what the crossfade takes of it.
  local before = math.max (ahead, math.min (samples (join.join), leave - start))
  local after = math.max (fade - ahead, 1, math.min (samples (duration (join.wav) - join.join), start + length - enter))
  local from = math.max (0, region:position ():samples () + leave - start - before)
  local finish = math.min (leave - ahead + fade, region:source (0):length ():samples ())

  local track = track_for (region)
  if Session:transport_rolling () or solo.playing (track) then stop () end
  empty (track)
  piece (region, track, "Segue exit", leave - before, finish, from)
  local entry = piece (region, track, "Segue entry", enter - ahead, enter + after, from + before - ahead)
  entry:set_scale_amplitude (region:scale_amplitude () * join.gain)
  if fade > 0 then -- of two that overlap Ardour fades the lower one by what is missing in the upper one's fade
    entry:set_fade_in_length (fade)
    entry:set_fade_in_shape (ARDOUR.FadeShape.FadeConstantPower) -- after the length: it does not bear being stretched
    entry:set_fade_in_active (true)
  end
  solo.begin (track, from + before + after)
  Session:request_bounded_roll (from, from + before + after)
end

local function remove ()
  local track = solo.track ()
  if solo.playing (track) then stop () end
  solo.finish (track)
  select (pieces (track))
  Editor:access_action ("Editor", "select-from-regions") -- scripts cannot select a track but by its regions
  local chosen = {}
  for route in Editor:get_selection ().tracks:routelist ():iter () do
    chosen[#chosen + 1] = route:to_stateful ():id ():to_s ()
  end
  if #chosen ~= 1 or chosen[1] ~= track:to_stateful ():id ():to_s () then
    action.fail ("Ardour did not let Segue select its track: select '" .. track:name () .. "' and remove it.")
  end
  empty (track) -- Ardour would keep a playlist that is not
  Editor:remove_tracks ()
end

-- Stops the preview, brings the user's solos back, and lets Ardour remove the track, for which it asks the user.
function splice.clear ()
  if not solo.track () then return end
  remove ()
  collectgarbage () -- Ardour does not let go of a track that a script still holds
end

return splice
