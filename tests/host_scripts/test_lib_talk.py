"""lib/talk.lua with a transport whose every loss and answer the test chooses, in the Luas of Ardour and of REAPER."""

import shutil
import subprocess

import pytest

from plain_lua import INCLUDE

# `said` holds what was sent and not looked at yet, as messages; `hear (...)` lets messages come; `pass (s)` time.
HARNESS = """
local osc = include "lib/osc"
now, silent, protocol, started, reason, folder_gone = 100, 0, 1, 0, nil, false
local sent, coming = {}, {}
talk = (include "lib/talk") {
  host = "Ardour", version = "9", spool = "/spool", clock = function () return now end,
  start = function () started = started + 1 end, failed = function () return reason end,
  transport = {
    send = function (packets)
      if folder_gone then return nil end
      for _, message in ipairs (osc.unframe (osc.frame (packets))) do sent[#sent + 1] = message end
      return "token"
    end,
    take = function () local taken = coming coming = {} return taken end,
    silence = function () return silent, protocol end
  }
}
function said ()
  local lines = {}
  for _, message in ipairs (sent) do lines[#lines + 1] = message.address .. " " .. table.concat (message, " ") end
  sent = {}
  return table.concat (lines, "; ")
end
function hear (address, ...) coming[#coming + 1] = { address = "/segue/" .. address, ... } end
function pass (seconds) now = now + seconds talk.step () end
function same (is, ought) if is ~= ought then error (("%s, not %s"):format (is, ought), 2) end end
function raises (pattern, body, ...)
  local ok, fault = pcall (body, ...)
  assert (not ok and type (fault) == "table" and fault.text:find (pattern, 1, true), fault and fault.text or fault)
end
function ask ()
  job = talk.analyze { paths = "/a.wav", start = 1.5, length = 20, options = "" }
  n = job.number
  return job
end
function cut (id, kind, time) hear ("cut", n, id, kind, time, 0.5, id, 1.0, "A") end
function answer ()
  cut (0, "exit", 2.5) cut (1, "entry", 7.25)
  hear ("transition", n, 0, 1, 0.75)
  hear ("done", n, 2, 1)
  talk.step ()
end
"""


@pytest.fixture(params=["lua5.3", "lua5.4"])
def lua(request):
    """Runs code behind the harness; the test fails where the code raises."""
    if not shutil.which(request.param):
        pytest.fail(f"no {request.param} found: apt-get install {request.param}")

    def run(code: str) -> None:
        done = subprocess.run([request.param, "-"], input=(INCLUDE + HARNESS + code).encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    return run


def test_a_set_is_asked_for_and_taken_in(lua):
    lua("""
      ask ()
      same (said (), ("/segue/hello 1 Ardour 9 /spool; /segue/analyze %d /a.wav 1.5 20.0 "):format (n))
      hear ("ready", 1, "0.1")
      hear ("progress", n, 0.25, "beats")
      hear ("warning", n, "It is short.")
      hear ("warning", n, "It is short.")
      pass (0.1)
      same (job.fraction, 0.25) same (job.stage, "beats") assert (not job.done)
      answer ()
      assert (job.done) same (job.fraction, 1)
      same (job.cuts[1].kind, "entry") same (job.cuts[1].time, 7.25) same (job.cuts[0].section, "A")
      same (job.cuts[1].bar, 1) same (job.cuts[1].beat, 1.0) same (job.cuts[1].score, 0.5)
      same (#job.transitions, 1) same (job.transitions[1].exit, 0) same (job.transitions[1].entry, 1)
      same (job.transitions[1].score, 0.75)
      same (table.concat (job.warnings, "|"), "It is short.")
      pass (1000)
      same (said (), "") same (started, 0)
    """)


def test_what_is_lost_is_asked_for_again_and_what_comes_twice_counts_once(lua):
    lua("""
      ask () said ()
      cut (0, "exit", 2.5) cut (0, "exit", 2.5)
      hear ("transition", n, 0, 1, 0.75) hear ("transition", n, 0, 1, 0.75)
      hear ("done", n, 2, 1)
      pass (0.1)
      assert (not job.done) same (said (), "/segue/resend " .. n)
      pass (1.9)
      same (said (), "")
      pass (0.2)
      same (said (), "/segue/resend " .. n) -- the answer was lost, too
      answer () answer ()
      assert (job.done) same (#job.transitions, 1) same (said (), "")
      hear ("progress", n, 0.5, "late")
      pass (0.1)
      same (job.fraction, 1)
    """)


def test_a_lost_request_is_asked_again_and_a_double_one_does_no_harm(lua):
    lua("""
      ask () said ()
      hear ("error", n, "duplicate_job", "job is still at work")
      pass (0.1) pass (2.1)
      same (said (), "/segue/resend " .. n)
      hear ("error", n, "unknown_job", "not known")
      pass (0.1)
      same (said (), ("/segue/hello 1 Ardour 9 /spool; /segue/analyze %d /a.wav 1.5 20.0 "):format (n))
      hear ("error", n, "unknown_job", "not known") -- the answer to an earlier resend
      pass (0.1)
      same (said (), "")
      answer ()
      assert (job.done)
    """)


def test_another_daemon_in_mid_job_begins_anew(lua):
    lua("""
      ask () said ()
      cut (0, "exit", 2.4)
      pass (2.1)
      pass (2.1)
      hear ("error", n, "unknown_job", "not known")
      pass (0.1)
      answer ()
      assert (job.done) same (job.cuts[0].time, 2.5)
    """)


def test_a_preview_is_complete_with_its_own_splice_and_file(lua):
    lua("""
      ask () answer () said ()
      local first = talk.preview (job, 0, 1, 0, 0)
      same (said (), ("/segue/preview %d 0 1 0.0 0.0"):format (n))
      local second = talk.preview (job, 0, 2, 1.5, 2)
      same (said (), ("/segue/preview %d 0 2 1.5 2.0"):format (n))
      hear ("preview/splice", n, 0, 1, 2.5, 7.25, 0.002, 0.005, 1.0)
      hear ("preview/file", n, "/first.wav", 2.0) -- whose splice nobody waits for any more
      hear ("preview/file", n, "/second.wav", 1.5) -- whose splice was lost
      pass (0.1)
      assert (not first.done and not second.done)
      pass (2.1)
      same (said (), ("/segue/preview %d 0 2 1.5 2.0"):format (n))
      hear ("preview/splice", n, 0, 2, 2.501, 9.25, 0.002, 0.005, 0.5)
      pass (0.1)
      assert (not second.done)
      hear ("preview/file", n, "/second.wav", 1.5)
      pass (0.1)
      assert (second.done and not first.done)
      same (second.leave, 2.501) same (second.enter, 9.25) same (second.ahead, 0.002)
      same (second.fade, 0.005) same (second.gain, 0.5) same (second.wav, "/second.wav") same (second.join, 1.5)
      pass (1000)
      same (said (), "")
    """)


def test_verdicts_are_sent_until_they_are_noted_and_the_newest_counts(lua):
    lua("""
      ask () answer () said ()
      local old = talk.verdict (job, 0, "kept", "exit", 2.5)
      local new = talk.verdict (job, 0, "rejected", "exit", 2.5)
      local added = talk.verdict (job, -1, "added", "entry", 3)
      same (said (), ("/segue/verdict %d 0 kept exit 2.5; /segue/verdict %d 0 rejected exit 2.5; "
        .. "/segue/verdict %d -1 added entry 3.0"):format (n, n, n))
      hear ("noted", n, -1)
      pass (2.1)
      assert (added.done and not new.done)
      same (said (), ("/segue/verdict %d 0 rejected exit 2.5"):format (n))
      hear ("noted", n, 0) hear ("noted", n, 0)
      pass (2.1)
      assert (new.done and not old.done) same (said (), "")
    """)


def test_a_restarted_daemon_analyses_again_before_it_answers(lua):
    lua("""
      ask () answer () said ()
      local preview = talk.preview (job, 0, 1, 0, 0)
      local verdict = talk.verdict (job, 1, "kept", "entry", 7.25)
      said ()
      hear ("error", n, "unknown_job", "not known") hear ("error", n, "unknown_job", "not known")
      pass (0.1)
      same (said (), ("/segue/hello 1 Ardour 9 /spool; /segue/analyze %d /a.wav 1.5 20.0 "):format (n))
      answer ()
      same (said (), ("/segue/preview %d 0 1 0.0 0.0; /segue/verdict %d 1 kept entry 7.25"):format (n, n))
      hear ("preview/splice", n, 0, 1, 2.5, 7.25, 0.002, 0.005, 1.0)
      hear ("preview/file", n, "/x.wav", 2.0) hear ("noted", n, 1)
      pass (0.1)
      assert (preview.done and verdict.done) same (#job.transitions, 1)
    """)


@pytest.mark.parametrize(
    "anew",
    [
        'cut (0, "exit", 2.5) cut (1, "entry", 7.5)',
        'cut (0, "entry", 2.5)',
        'cut (2, "entry", 9.5)',
        'cut (0, "exit", 2.5) hear ("done", n, 1, 0)',
    ],
)
def test_another_result_after_a_restart_is_told(lua, anew):
    """The number of a cut would mean another place now."""
    lua(f"""
      ask () answer ()
      talk.preview (job, 0, 1, 0, 0)
      hear ("error", n, "unknown_job", "not known")
      pass (0.1)
      {anew}
      raises ("mark it again", talk.step)
      said () pass (10) same (said (), "")
    """)


def test_a_fault_of_one_job_is_raised_and_the_others_go_on(lua):
    lua("""
      local one = ask ()
      local two = ask ()
      hear ("error", one.number, "silent", "It is silent: choose another.")
      raises ("It is silent: choose another.", talk.step)
      said () pass (2.1)
      same (said (), "/segue/resend " .. two.number)
      answer ()
      assert (two.done and not one.done)
      local preview = talk.preview (two, 0, 1, 0, 0)
      hear ("error", n, "unknown_cut", "There is no such cut.")
      raises ("There is no such cut.", talk.step)
      said () pass (10) same (said (), "")
    """)


def test_a_fault_of_no_job_is_raised_where_something_is_open_alone(lua):
    lua("""
      hear ("error", -1, "bad_packet", "An old fault.")
      ask ()
      pass (0.1)
      hear ("error", -1, "wrong_protocol", "Run segue install.")
      raises ("Run segue install.", talk.step)
      said () pass (10) same (said (), "")
    """)


def test_what_is_cancelled_is_forgotten(lua):
    lua("""
      ask () said ()
      talk.cancel (job)
      same (said (), "/segue/cancel " .. n)
      hear ("cancelled", n)
      pass (10) same (said (), "")
      talk.cancel (job)
      same (said (), "")
    """)


def test_a_daemon_that_is_not_there_is_started_once(lua):
    lua("""
      silent = math.huge
      ask ()
      pass (0.1) pass (0.1) same (started, 1)
      silent = 0
      pass (3) answer ()
      assert (job.done) same (started, 1)
      silent = math.huge -- and again when it has left since
      talk.verdict (job, 0, "kept", "exit", 2.5)
      pass (0.1) same (started, 2)
    """)


def test_a_daemon_that_does_not_start_is_told_with_the_reason(lua):
    lua("""
      silent = math.huge
      ask ()
      said () pass (29) same (said (), "") -- it will find the request waiting
      reason = "the port is taken"
      raises ("Segue could not be started: the port is taken\\nRun `segue doctor`", pass, 0.1)
      reason = nil
      ask () pass (0.1) pass (29.9)
      raises ("it does not answer", pass, 0.2)
      said () pass (10) same (said (), "")
    """)


def test_a_daemon_that_dies_and_one_of_another_protocol_are_told(lua):
    lua("""
      ask () pass (0.1)
      silent = 6
      raises ("stopped in the middle", pass, 0.1)
      silent, protocol = 0, 2
      ask ()
      raises ("run `segue install ardour`, then restart Ardour", talk.step)
      protocol = nil -- not known yet
      ask () talk.step ()
      folder_gone = true
      raises ("folder is gone: close Ardour and run `segue install ardour`", ask)
    """)


def test_answers_to_an_earlier_run_under_the_same_number_do_no_harm(lua):
    """A host that forgets all between two runs may count from the same number again."""
    lua("""
      ask () said ()
      cut (0, "exit", 1.0) cut (1, "entry", 2.0) cut (2, "exit", 3.0)
      hear ("transition", n, 2, 1, 0.5)
      cut (0, "exit", 2.5) cut (1, "entry", 7.25)
      hear ("transition", n, 0, 1, 0.75)
      hear ("done", n, 2, 1)
      pass (0.1)
      assert (not job.done) same (said (), "/segue/resend " .. n)
      answer ()
      assert (job.done) same (job.cuts[0].time, 2.5) same (job.cuts[1].time, 7.25) same (job.cuts[2], nil)
      same (#job.transitions, 1) same (job.transitions[1].exit, 0)
    """)


def test_a_later_word_on_a_cut_counts(lua):
    lua("""
      ask () said ()
      cut (0, "exit", 1.0)
      answer ()
      assert (job.done) same (job.cuts[0].time, 2.5)
    """)
