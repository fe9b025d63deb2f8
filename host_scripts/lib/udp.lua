-- UDP to the daemon for hosts that have luasocket: an answer comes at once instead of at the next look into a folder.
local osc = include "lib/osc"

local TRIES = 3 -- a datagram may get lost
local PATIENCE = 0.02 -- seconds for each try; the daemon answers a hello within one or two milliseconds

-- port: the daemon's; greeting: the packet it answers; clock (): seconds; meet (): the token that the daemon wants to
-- hear and the proof that it is the user's own (lib/meeting), which may be new each time. A transport as lib/talk wants
-- it; nil where luasocket is missing, or no daemon of this user answers.
return function (port, greeting, clock, meet)
  local found, core = pcall (require, "socket.core")
  local socket = found and core.udp ()
  if not socket or not socket:setpeername ("127.0.0.1", port) then return nil end
  local udp, asked = {}, nil -- asked: when the first question was sent that nobody answered
  local proof, proved

  local function send (packet)
    local token, wanted = meet ()
    if not token then return nil end
    if wanted ~= proof then proof, proved = wanted, false end
    return socket:send (osc.bundle ({ osc.pack ("/segue/token", "s", token), packet }))
  end

  -- The messages of a datagram, none before the daemon is known for the user's own.
  local function read (datagram)
    local messages = {}
    for _, message in ipairs (osc.unframe (osc.frame ({ datagram }))) do
      if message.address == "/segue/token" then
        proved = proved or message[1] == proof
      elseif proved then
        messages[#messages + 1] = message
      end
    end
    return messages
  end

  local function hello ()
    socket:settimeout (PATIENCE)
    for _ = 1, TRIES do
      local datagram = send (greeting) and socket:receive ()
      while datagram do
        if read (datagram)[1] then return true end
        datagram = socket:receive ()
      end
    end
  end

  if not hello () then return nil end
  socket:settimeout (0)

  function udp.send (packets)
    asked = asked or clock ()
    for _, packet in ipairs (packets) do send (packet) end
    return true
  end

  function udp.take ()
    local messages, datagram = {}, socket:receive ()
    while datagram do
      asked = nil
      for _, message in ipairs (read (datagram)) do messages[#messages + 1] = message end
      datagram = socket:receive ()
    end
    return messages
  end

  function udp.silence () return asked and clock () - asked or 0 end

  return udp
end
