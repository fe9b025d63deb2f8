-- Keeps one fake REAPER and runs what comes on stdin in it: a line with a length, then so many bytes of Lua. Answers
-- with a line of JSON.
local fake = dofile (arg[0]:match ("^(.*)/") .. "/fake_reaper.lua")

local json

local function quoted (text)
  return '"' .. text:gsub ('[%c"\\]', function (c) return ("\\u%04x"):format (c:byte ()) end) .. '"'
end

local function object (value)
  local parts = {}
  for key, one in pairs (value) do parts[#parts + 1] = quoted (tostring (key)) .. ":" .. json (one) end
  return "{" .. table.concat (parts, ",") .. "}"
end

function json (value)
  if type (value) == "table" then
    if next (value) and not value[1] then return object (value) end
    local parts = {}
    for i, one in ipairs (value) do parts[i] = json (one) end
    return "[" .. table.concat (parts, ",") .. "]"
  elseif type (value) == "string" then
    return quoted (value)
  elseif math.type (value) == "float" then
    return ("%.17g"):format (value)
  end
  return value == nil and "null" or tostring (value)
end

for length in io.lines () do
  local env = setmetatable ({ fake = fake }, { __index = _G })
  local chunk, fault = load (io.read (tonumber (length)), "=test", "t", env)
  local ok, result = chunk ~= nil, fault
  if chunk then ok, result = xpcall (chunk, debug.traceback) end
  io.write (json ({ ok = ok, result = result }), "\n")
  io.flush ()
end
