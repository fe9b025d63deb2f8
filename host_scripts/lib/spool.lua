-- The spool: OSC packets in files, for hosts whose scripts cannot receive UDP (bridge/segue_bridge/spool.py).
local osc = include "lib/osc"

-- folder: the spool folder. list: gives the names of the files in its to_host, in any order.
return function (folder, list)
  local spool, count = {}, 0

  -- Hands packets to the daemon, in one file; returns its name, or nil where the folder is not there.
  function spool.send (packets)
    count = count + 1
    -- The processor time tells runs within one second apart: in REAPER each action counts from 1.
    local name = ("%s/to_daemon/%011d000000000-%012d-%06d"):format (folder, os.time (), os.clock () * 1e6 // 1, count)
    local file = io.open (name .. ".tmp", "wb")
    if not file then return nil end
    file:write (osc.frame (packets))
    file:close ()
    os.rename (name .. ".tmp", name .. ".osc")
    return name .. ".osc"
  end

  -- The messages that have come since the last call, in their order.
  function spool.take ()
    local names, messages = list (), {}
    table.sort (names)
    for _, name in ipairs (names) do
      local path = folder .. "/to_host/" .. name
      local file = io.open (path, "rb")
      if file then
        local bytes = file:read ("a")
        file:close ()
        os.remove (path)
        for _, message in ipairs (osc.unframe (bytes)) do messages[#messages + 1] = message end
      end
    end
    return messages
  end

  -- Seconds since the daemon last said that it lives, and the protocol it speaks; a huge number where it never did.
  function spool.silence ()
    local file = io.open (folder .. "/daemon.alive", "r")
    if not file then return math.huge end
    local protocol, time = (file:read ("a") or ""):match ("^%d+ (%d+) (%d+)")
    file:close ()
    if not time then return math.huge end
    return math.max (0, os.time () - tonumber (time)), tonumber (protocol)
  end

  return spool
end
