-- OSC 1.0 in plain Lua 5.3: messages to bytes and back, and the length-framed form for files.
local osc = {}

local FORMAT = { i = ">i4", f = ">f", d = ">d" }
local BUNDLE = "#bundle\0"

local function padded (text)
  return text .. string.rep ("\0", 4 - #text % 4)
end

-- One message as bytes; tags out of "ifds".
function osc.pack (address, tags, ...)
  local parts = { padded (address), padded ("," .. tags) }
  for i = 1, #tags do
    local tag, value = tags:sub (i, i), (select (i, ...))
    parts[#parts + 1] = tag == "s" and padded (value) or string.pack (FORMAT[tag], value)
  end
  return table.concat (parts)
end

-- Messages as one packet; the time tag 1 means at once.
function osc.bundle (messages)
  return BUNDLE .. string.pack (">I8", 1) .. osc.frame (messages)
end

local function text_at (bytes, at)
  local text = string.unpack ("z", bytes, at)
  return text, at + #padded (text)
end

local function read_message (bytes)
  local address, at = text_at (bytes, 1)
  local tags
  tags, at = text_at (bytes, at)
  local message = { address = address }
  for tag in tags:sub (2):gmatch (".") do
    if tag == "s" then
      message[#message + 1], at = text_at (bytes, at)
    else
      message[#message + 1], at = string.unpack (FORMAT[tag] or error ("OSC type " .. tag), bytes, at)
    end
  end
  return message
end

local function read_packet (bytes, messages)
  if bytes:sub (1, 8) ~= BUNDLE then
    messages[#messages + 1] = read_message (bytes)
    return
  end
  local at, part = 17, nil -- behind the time tag: everything is meant now
  while at <= #bytes do
    part, at = string.unpack (">s4", bytes, at)
    read_packet (part, messages)
  end
end

-- The messages of a file as a list of { address = "/...", argument, ... }; raises an error where it is no OSC.
function osc.unframe (bytes)
  local messages, at, packet = {}, 1, nil
  while at <= #bytes do
    packet, at = string.unpack (">s4", bytes, at)
    read_packet (packet, messages)
  end
  return messages
end

-- Packets as the content of a file, each behind its length.
function osc.frame (packets)
  local parts = {}
  for i, packet in ipairs (packets) do parts[i] = string.pack (">s4", packet) end
  return table.concat (parts)
end

return osc
