-- The grid that a region was marked on last, corrected.
local correction = include "lib/correction"

-- What gives the option `grid` for a part of regions.lua, after one more step of lib/correction.
return function (step)
  return function (part)
    local options = ""
    for _, old in ipairs (Segue.session == Session:path () and Segue.parts or {}) do
      if old.id == part.id then options = old.job.options end
    end
    return correction (step, options)
  end
end
