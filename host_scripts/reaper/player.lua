-- @noindex
-- Plays a sound file beside the project: by SWS where it is installed, else in REAPER's Media Explorer.
local script = include "reaper/script"

local function has_sws () return reaper.APIExists ("CF_CreatePreview") end

-- Plays the file to its end, or until the action is stopped. rate: of the take (1 is normal), keep_pitch: whether the
-- take keeps its pitch at another rate; the Media Explorer plays at rate 1.
return function (wav, rate, keep_pitch)
  if not has_sws () then
    reaper.OpenMediaExplorer (wav, true)
    return
  end
  local source = reaper.PCM_Source_CreateFromFile (wav)
  if not source then script.fail (("%s cannot be read: run `segue doctor`, then try again."):format (wav)) end
  local preview = reaper.CF_CreatePreview (source)
  script.finally (function ()
    reaper.CF_Preview_Stop (preview)
    reaper.PCM_Source_Destroy (source) -- the preview does not own it
  end)
  reaper.CF_Preview_SetValue (preview, "I_OUTCHAN", 0)
  reaper.CF_Preview_SetValue (preview, "D_PLAYRATE", rate)
  reaper.CF_Preview_SetValue (preview, "B_PPITCH", keep_pitch and 1 or 0)
  reaper.CF_Preview_Play (preview)
  local begun, length = reaper.time_precise (), reaper.GetMediaSourceLength (source)
  repeat
    script.wait ()
    local playing, position = reaper.CF_Preview_GetValue (preview, "D_POSITION") -- false once SWS has dropped it
  until not playing or position >= length or reaper.time_precise () - begun > length / rate + 1
end
