-- Sample rate of a sound file in Hz, read from its header; nil where there is no file or its kind is unknown.
-- Knows WAV, RF64, W64, AIFF, CAF, FLAC and Ogg Vorbis: what Ardour records into and links to.

-- Position of the content of a chunk; header: bytes before a chunk's content, size: its format, own: counts the header too.
local function chunk (file, name, first, header, size, own)
  local at = first
  for _ = 1, 1000 do
    file:seek ("set", at)
    local head = file:read (header)
    if not head or #head < header then return nil end
    if head:sub (1, 4) == name then return at + header end
    local length = string.unpack (size, head, header - string.packsize (size) + 1)
    at = at + (own and (length + 7) // 8 * 8 or header + length + length % 2)
  end
end

local function number (file, at, format)
  if not at then return nil end
  file:seek ("set", at)
  return (string.unpack (format, file:read (string.packsize (format))))
end

-- An 80-bit IEEE number, as AIFF has it.
local function extended (file, at)
  local exponent, mantissa = number (file, at, ">I2"), number (file, at + 2, ">I4")
  return mantissa * 2.0 ^ (exponent - 16383 - 31)
end

local function read (file)
  local head = file:read (64) or ""
  local kind, form = head:sub (1, 4), head:sub (9, 12)
  if (kind == "RIFF" or kind == "RF64") and form == "WAVE" then
    local at = chunk (file, "fmt ", 12, 8, "<I4")
    return at and number (file, at + 4, "<I4")
  elseif kind == "riff" then -- W64: 16 bytes of name, 8 of length
    local at = chunk (file, "fmt ", 40, 24, "<I8", true)
    return at and number (file, at + 4, "<I4")
  elseif kind == "FORM" and (form == "AIFF" or form == "AIFC") then
    local at = chunk (file, "COMM", 12, 8, ">I4")
    return at and extended (file, at + 8)
  elseif kind == "caff" then
    return number (file, 20, ">d")
  elseif kind == "fLaC" then
    return number (file, 18, ">I3") >> 4
  elseif kind == "OggS" and head:sub (29, 35) == "\1vorbis" then
    return number (file, 40, "<I4")
  end
end

return function (path)
  local file = io.open (path, "rb")
  if not file then return nil end
  local ok, rate = pcall (read, file)
  file:close ()
  return ok and rate and rate > 0 and rate or nil
end
