-- UDP to the daemon for hosts that have luasocket: an answer comes at once instead of at the next look into a folder.
local osc = include "lib/osc"

local TRIES = 3 -- a datagram may get lost
local PATIENCE = 0.02 -- seconds for each try; the daemon answers a hello within one or two milliseconds

local function hello (socket, greeting)
  socket:settimeout (PATIENCE)
  for _ = 1, TRIES do
    if socket:send (greeting) and socket:receive () then return true end
  end
end

-- port: the daemon's; greeting: the packet it answers; clock (): seconds. A transport as lib/talk wants it; nil where
-- luasocket is missing, or no daemon answers.
return function (port, greeting, clock)
  local found, core = pcall (require, "socket.core")
  local socket = found and core.udp ()
  if not socket or not socket:setpeername ("127.0.0.1", port) or not hello (socket, greeting) then return nil end
  socket:settimeout (0)
  local udp, asked = {}, nil -- asked: when the first question was sent that nobody answered

  function udp.send (packets)
    asked = asked or clock ()
    for _, packet in ipairs (packets) do socket:send (packet) end
    return true
  end

  function udp.take ()
    local messages, datagram = {}, socket:receive ()
    while datagram do
      asked = nil
      for _, message in ipairs (osc.unframe (osc.frame ({ datagram }))) do messages[#messages + 1] = message end
      datagram = socket:receive ()
    end
    return messages
  end

  function udp.silence () return asked and clock () - asked or 0 end

  return udp
end
