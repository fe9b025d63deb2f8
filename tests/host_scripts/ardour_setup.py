"""What an Ardour for tests begins with: a silent backend, OSC on, and scripts through which tests reach into it."""

import base64
from pathlib import Path

from segue_bridge.hosts import _ardour_slots
from segue_bridge.hosts.ardour import SIGNALS

CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour><Config>
  <Option name="osc-port" value="{port}"/>
  <Option name="hide-dummy-backend" value="0"/>
  <Option name="try-autostart-engine" value="1"/>
  <Option name="discover-plugins-on-start" value="0"/>
</Config><Metadata/>
<Extra><AudioMIDISetup><EngineStates>
  <State backend="None (Dummy)" driver="{speed}" device="Silence" input-device="" output-device=""
   sample-rate="{rate}" buffer-size="1024" n-periods="2" input-latency="0" output-latency="0" lm-input="" lm-output=""
   active="1" use-buffered-io="0" midi-option="No MIDI I/O" lru="1"><MIDIDevices/></State>
</EngineStates></AudioMIDISetup></Extra>
<ControlProtocols>
  <Protocol name="Open Sound Control (OSC)" active="1" feedback="0" debugmode="0" address-only="0" remote-port="8000"
   banksize="0" striptypes="159" gainmode="0" send-page-size="0" plug-page-size="0"/>
</ControlProtocols></Ardour>
"""
UI_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour><UI>
  <Option name="name-new-markers" value="1"/>
  <Option name="hide-splash-screen" value="1"/>
</UI></Ardour>
"""
# Else Ardour 8 asks for more locked memory.
INSTANT = """<?xml version="1.0" encoding="UTF-8"?>
<instant><no-memory-warning/></instant>
"""

# Runs the code in `ask.lua` and renames the result to `told`: the one way into Ardour that takes arguments.
PROBE = """
ardour { ["type"] = "EditorAction", name = "Test probe" }
function factory () return function ()
  local function tell (text)
    local f = io.open ("FOLDER/told.tmp", "w") f:write (text) f:close () os.rename ("FOLDER/told.tmp", "FOLDER/told")
  end
  local f = io.open ("FOLDER/ask.lua") local code = f:read ("a") f:close ()
  local chunk, fault = load (code)
  if not chunk then tell ("fault\\n" .. fault) return end
  local ok, result = pcall (chunk)
  tell ((ok and "ok\\n" or "fault\\n") .. tostring (result))
end end
"""
# The messages of the actions, which share one Lua state with the probe, come here instead of in a window.
CATCH_MESSAGES = """
local real = LuaDialog
LuaDialog = setmetatable ({ Message = function (title, text)
  return { run = function () local f = io.open ("FOLDER/messages", "a") f:write (text, "\\n") f:close () end }
end }, { __index = real })
"""
# A plug-in that keeps what comes through it, from the first sound on. `shmem` holds how many samples there are, 1 where
# it shall begin anew, then the left samples and the right ones.
TAPE = """
ardour { ["type"] = "dsp", name = "Test tape", category = "Test", license = "MIT", author = "Test" }
function dsp_ioconfig () return { { audio_in = 2, audio_out = 2 } } end
function dsp_init () self:shmem ():allocate (2 + 2 * LENGTH) self:shmem ():clear () end
function dsp_runmap (bufs, into, out, count, offset)
  ARDOUR.DSP.process_map (bufs, ARDOUR.ChanCount (ARDOUR.DataType ("audio"), 2), into, out, count, offset)
  local tape = self:shmem ()
  if tape:atomic_get_int (1) == 1 then
    tape:atomic_set_int (0, 0)
    tape:atomic_set_int (1, 0)
  end
  local at, sides = tape:atomic_get_int (0), {}
  for c = 0, 1 do sides[c] = bufs:get_audio (out:get (ARDOUR.DataType ("audio"), c)):data (offset) end
  if at == 0 and ARDOUR.DSP.compute_peak (sides[1], count, 0) == 0 then return end
  count = math.min (count, LENGTH - at)
  for c = 0, 1 do ARDOUR.DSP.copy_vector (tape:to_float (2 + c * LENGTH + at), sides[c], count) end
  tape:atomic_set_int (0, at + count)
end
"""
TAPE_LENGTH = 600000
# A hook that runs when the session is open.
READY = """
ardour { ["type"] = "EditorHook", name = "Test ready" }
function factory () return function (signal)
  if signal == LuaSignal.SetSession then io.open ("FOLDER/ready", "w"):close () end
end end
"""
# Ardour drops a hook that fails, and then writes its file of scripts anew: actions become byte code.
REWRITE = """
ardour { ["type"] = "EditorHook", name = "Test rewrite" }
function factory () return function () error ("drop me") end end
"""


def write(config: Path, folder: Path, port: int, rate: int, speed: str) -> None:
    """Fill Ardour's configuration folder; `folder` is where its scripts and the test meet, `port` where OSC listens."""
    (config / "scripts").mkdir(parents=True)
    (config / f".a{config.name.removeprefix('ardour')}").touch()  # else it shows its welcome
    (config / "instant.xml").write_text(INSTANT)
    (config / "config").write_text(CONFIG.format(port=port, rate=rate, speed=speed))
    (config / "scripts" / "test_tape.lua").write_text(TAPE.replace("LENGTH", str(TAPE_LENGTH)))
    (config / "ui_config").write_text(UI_CONFIG)
    probe, *hooks = (text.replace("FOLDER", str(folder)).encode() for text in (PROBE, READY, REWRITE))
    actions = base64.b64encode(b"scripts = {} " + _ardour_slots.entry(1, probe)).decode()
    (config / "ui_scripts").write_text(
        f'<UIScripts><ActionScript lua="Lua 5.3">{actions}</ActionScript><ActionHooks>'
        f"{''.join(_hook(900001 + i, hook) for i, hook in enumerate(hooks))}</ActionHooks></UIScripts>"
    )


def _hook(number: int, script: bytes) -> str:
    code = base64.b64encode(_ardour_slots.entry(1, script).replace(b"scripts[1]", b"s")).decode()
    name = _ardour_slots.title(script)
    return f'<LuaCallback lua="Lua 5.3" id="{number}" name="{name}" signals="{SIGNALS}">{code}</LuaCallback>'
