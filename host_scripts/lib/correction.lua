-- What the user corrects of the grid that was found, each correction on top of those before.

local function fail (text) error ({ text = text }, 0) end

-- The option `grid` after one more step: "later" is half a beat later, "double" and "half" are of the tempo, "3/4" is the
-- metre. options: those of /segue/analyze that this was marked with before, "" where it was not; they hold the earlier
-- corrections. Nil where the grid is again as it was found; raises { text = sentence } where the step cannot be made.
return function (step, options)
  if options:find ('"points"', 1, true) then
    fail ("This is marked by the session's own grid: change that one, or run Segue: mark cuts first.")
  end
  local tempo, meter = options:match ('"tempo":"(%a+)"'), options:match ('"meter":"([%d/]+)"')
  local shift = tonumber (options:match ('"shift":([%d.]+)') or 0) -- beats of the corrected tempo
  if step == "later" then
    shift = shift + 0.5
  elseif step ~= "double" and step ~= "half" then
    meter = step
  elseif step == tempo then
    fail ("The tempo that was found is corrected so already: run Segue: mark cuts to begin anew.")
  else
    tempo, shift = not tempo and step or nil, shift * (step == "double" and 2 or 0.5)
  end
  local said = {}
  if tempo then said[1] = ('"tempo":"%s"'):format (tempo) end
  if meter then said[#said + 1] = ('"meter":"%s"'):format (meter) end
  -- A comma stands where the user's language has one.
  if shift > 0 then said[#said + 1] = ('"shift":%g'):format (shift):gsub (",", ".") end
  return said[1] and "{" .. table.concat (said, ",") .. "}" or nil
end
