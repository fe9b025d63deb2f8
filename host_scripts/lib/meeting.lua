-- Where the daemon of this user is met: the file that it keeps for its hosts (bridge/segue_bridge/meeting.py).

-- folder: that of the files; port: the one the daemon is known by. Gives the port it has, the token that it wants to
-- hear, and the proof that it is the user's own; nil where none runs.
return function (folder, port)
  local file = io.open (("%s/%d"):format (folder, port), "r")
  if not file then return nil end
  local at, token, proof = file:read ("a"):match ("^(%d+) (%x+) (%x+)")
  file:close ()
  return at and tonumber (at), token, proof
end
