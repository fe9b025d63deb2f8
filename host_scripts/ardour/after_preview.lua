ardour {
  ["type"] = "EditorHook",
  name = "Segue: after a preview",
  author = "Segue",
  license = "MIT",
  description = [[Brings back what was soloed before a preview, when the preview has ended.]]
}

function signals () return LuaSignal.Set ():add ({ [LuaSignal.LuaTimerDS] = true }) end

function factory ()
  local END = 3 -- tenths of a second of standing still after which a preview that was heard is over
  local LATE = 30 -- and one that never began to play
  local solo = include "ardour/solo"
  local last, still, heard = nil, 0, false

  local function tick ()
    local track = solo.known_track () or Session:soloing () and solo.track () -- all tracks are many to look through
    local playing, finish
    if track then playing, finish = solo.playing (track) end
    if not playing then
      last = nil
      return
    end
    if playing ~= last then last, still, heard = playing, 0, false end
    if Session:transport_rolling () then
      still, heard = 0, true
      if Session:transport_sample () > finish + Session:nominal_sample_rate () // 5 then -- its end was forgotten
        Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
      end
    else -- Ardour also stands still between being asked for a preview and playing it
      still = still + 1
    end
    if still >= (heard and END or LATE) then
      solo.finish (track)
      last = nil
    end
  end

  -- It hears other signals too (hosts/ardour.py). Ardour would drop a hook that fails.
  return function (signal)
    if signal == LuaSignal.LuaTimerDS then pcall (tick) end
  end
end
