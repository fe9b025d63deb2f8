-- @noindex
-- What a media item plays: which part of which file, and where a time in the file stands on the timeline.
local region = {}

local function refuse (name, sentence) error ({ text = ("'%s' %s"):format (name, sentence) }, 0) end

-- The source that reads the file, the place of the given source's zero in it (seconds), and whether it runs backwards.
local function root (source)
  local offset, reversed = 0, false
  local parent = reaper.GetMediaSourceParent (source)
  while parent do
    local section, start, _, backwards = reaper.PCM_Source_GetSectionInfo (source)
    if section then offset, reversed = offset + start, reversed or backwards end
    source, parent = parent, reaper.GetMediaSourceParent (parent)
  end
  return source, offset, reversed
end

local function is_there (path)
  local file = io.open (path, "rb")
  return file and file:close ()
end

-- The part of the take's source that the item plays, in seconds of the source: a repetition of it is the same music.
local function played (item, take, length)
  local start = reaper.GetMediaItemTakeInfo_Value (take, "D_STARTOFFS")
  local rate = reaper.GetMediaItemTakeInfo_Value (take, "D_PLAYRATE")
  return math.max (0, start), math.min (length, start + reaper.GetMediaItemInfo_Value (item, "D_LENGTH") * rate)
end

local function of (item)
  local take = reaper.GetActiveTake (item)
  if not take then refuse ("This item", "is empty: select one with a recording.") end
  local name = reaper.GetTakeName (take)
  if reaper.TakeIsMIDI (take) then refuse (name, "is MIDI: render it to audio first, then mark the new item.") end
  local source, offset, reversed = root (reaper.GetMediaItemTake_Source (take))
  if reversed then refuse (name, "is played backwards: glue the item first, then mark the new one.") end
  if reaper.GetTakeNumStretchMarkers (take) > 0 then
    refuse (name, "has stretch markers: glue the item first, then mark the new one.")
  end
  local path = reaper.GetMediaSourceFileName (source)
  if path == "" then refuse (name, "has no file: render or glue it first, then mark the new item.") end
  if not is_there (path) then refuse (name, "has lost its file: put " .. path .. " back, then try again.") end
  local length = reaper.GetMediaSourceLength (reaper.GetMediaItemTake_Source (take))
  if length <= 0 then refuse (name, "is offline: set its media online, then run this action again.") end
  local first, last = played (item, take, length)
  if first >= last then refuse (name, "plays nothing of its file: move its contents back into the item.") end
  local _, guid = reaper.GetSetMediaItemTakeInfo_String (take, "GUID", "", false)
  return { take = take, guid = guid, paths = path, start = offset + first, length = last - first, offset = offset }
end

-- The parts of recordings that the selected items play: a list of { take, guid, paths, start and length (seconds of the
-- file), offset (seconds of the file at the zero of the take's source) }. Raises { text = sentence }.
function region.selected (project)
  local list = {}
  for i = 0, reaper.CountSelectedMediaItems (project) - 1 do
    list[#list + 1] = of (reaper.GetSelectedMediaItem (project, i))
  end
  if #list == 0 then error ({ text = "Select an audio item first, then run this action again." }, 0) end
  return list
end

-- Where the item is, where its take begins in the source (seconds), and how fast it plays.
local function placed (take)
  local value = reaper.GetMediaItemTakeInfo_Value
  local position = reaper.GetMediaItemInfo_Value (reaper.GetMediaItemTake_Item (take), "D_POSITION")
  return position, value (take, "D_STARTOFFS"), value (take, "D_PLAYRATE")
end

-- Where a time in the file would stand on the timeline, in seconds, if the item went on to there.
function region.in_project (take, offset, time)
  local position, start, rate = placed (take)
  return position + (time - offset - start) / rate
end

-- The time in the file, in seconds, that a place on the timeline would be, if the item went on to there.
function region.in_file (take, offset, time)
  local position, start, rate = placed (take)
  return offset + start + (time - position) * rate
end

-- Where a time in the file stands on the timeline, in seconds; nil where the item does not play it.
function region.on_timeline (take, offset, time)
  local into = region.in_project (take, offset, time) - placed (take)
  local length = reaper.GetMediaItemInfo_Value (reaper.GetMediaItemTake_Item (take), "D_LENGTH")
  return into >= 0 and into <= length and placed (take) + into or nil
end

return region
