-- @description Segue: find, hear and choose the places where a recording can be cut
-- @author Segue
-- @version 0.1.0
-- @changelog
--   First release.
-- @about
--   # Segue
--   Marks where the music of the selected audio items can be left (exit) and joined (entry), and plays each transition
--   before you cut. Needs Segue's daemon: `pip install segue`, then `segue serve`; nothing leaves your computer.
--   With the SWS extension a preview is played at once; without it, it opens in the Media Explorer.
-- @provides
--   [main] segue_beats_later.lua
--   [main] segue_clear_markers.lua
--   [main] segue_double_tempo.lua
--   [main] segue_halve_tempo.lua
--   [main] segue_keep.lua
--   [main] segue_preview_again.lua
--   [main] segue_preview_next.lua
--   [main] segue_preview_previous.lua
--   [main] segue_reject.lua
--   [main] segue_three_in_bar.lua
--   [main] segue_use_session_grid.lua
--   [nomain] actions.lua
--   [nomain] daemon.lua
--   [nomain] markers.lua
--   [nomain] memory.lua
--   [nomain] player.lua
--   [nomain] region.lua
--   [nomain] script.lua
--   [nomain] session_grid.lua
--   [nomain] ../lib/correction.lua
--   [nomain] ../lib/grid.lua
--   [nomain] ../lib/marker_name.lua
--   [nomain] ../lib/meeting.lua
--   [nomain] ../lib/osc.lua
--   [nomain] ../lib/spool.lua
--   [nomain] ../lib/talk.lua
--   [nomain] ../lib/udp.lua
-- Segue: mark cuts.
local folder, loaded = select (2, reaper.get_action_context ()):match ("^(.*)[/\\]") .. "/../", {}
function include (name)
  loaded[name] = loaded[name] or dofile (folder .. name .. ".lua")
  return loaded[name]
end
include ("reaper/script").run ("mark cuts", include ("reaper/actions").mark_cuts)
