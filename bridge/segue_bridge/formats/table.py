"""A table for people, narrow enough for 80 columns."""

from pathlib import Path

from segue_bridge.marker_name import GLYPHS, NO_BAR
from segue_bridge.result import Analysis, Cut, Transition
from segue_bridge.text import one_line

SUFFIX = ".txt"
BLOCKS = " ▏▎▍▌▋▊▉█"
SCORE_WIDTH = 10  # characters of a full score bar
TRANSITIONS = 5  # an editor tries a few; the rest is in the JSON


def clock(seconds: float) -> str:
    """Seconds as m:ss.mmm."""
    milliseconds = round(seconds * 1000)
    sign = "-" if milliseconds < 0 else ""
    minutes, rest = divmod(abs(milliseconds), 60_000)
    return f"{sign}{minutes}:{rest // 1000:02d}.{rest % 1000:03d}"


def render(analysis: Analysis) -> bytes:
    """Exits and entries by time, then the best transitions, as UTF-8 text."""
    count, unit = analysis.beats_per_bar, analysis.beat_unit
    bars = f"{count} beats a bar" if unit == 4 else f"{count}/{unit}"
    metre = f"{analysis.tempo:.1f} bpm, {bars}{', changing' * (len({*analysis.bars()}) > 1)}"
    if analysis.free_time:
        metre = "free time"
    name = one_line(Path(analysis.audio.path).name)
    lines = [f"{name if len(name) <= 40 else name[:37] + '...'}   {clock(analysis.audio.duration)}   {metre}"]
    for kind, title in (("exit", "exits"), ("entry", "entries")):
        lines += ["", *_cuts(title, [cut for cut in analysis.cuts if cut.kind == kind])]
    if analysis.cuts:
        lines += ["", *_transitions(analysis)]
    return ("\n".join(lines) + "\n").encode()


def _cuts(title: str, cuts: list[Cut]) -> list[str]:
    if not cuts:
        return [f"no {title} good enough were found"]
    lines = [f"{title:<10}{'time':>10}  {'score':<{SCORE_WIDTH + 5}}  {'bar':>4} {'beat':<5}  section"]
    for cut in sorted(cuts, key=lambda cut: cut.time):
        mark = f"{GLYPHS[cut.kind]} #{cut.id}"  # no time looks like that
        place = f"{NO_BAR:>10}" if cut.bar is None else f"{cut.bar:>4} {cut.beat:<5g}"
        score = f"{cut.score:.2f} {_bar(cut.score)}"
        lines.append(f"{mark:<10}{clock(cut.time):>10}  {score}  {place}  {one_line(cut.section)[:20]}")
    return lines


def _bar(score: float) -> str:
    eighths = round(min(max(score, 0.0), 1.0) * SCORE_WIDTH * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + BLOCKS[rest].strip()).ljust(SCORE_WIDTH)


def _transitions(analysis: Analysis) -> list[str]:
    kinds = {cut.kind for cut in analysis.cuts}
    best = sorted(analysis.transitions, key=lambda transition: -transition.score)[:TRANSITIONS]
    if not best:
        missing = [title for kind, title in (("exit", "exits"), ("entry", "entries")) if kind not in kinds]
        if missing:
            return [f"no transition fits: there are no {missing[0]}"]
        return ["no transition fits: no exit and no entry stand at the same place of the bar, two bars apart or more"]
    cuts = {cut.id: cut for cut in analysis.cuts}
    return ["best transitions", *(_transition(t, cuts[t.exit], cuts[t.entry]) for t in best)]


def _transition(transition: Transition, leave: Cut, enter: Cut) -> str:
    shift = enter.time - leave.time
    effect = f"skips {clock(shift)}" if shift > 0 else f"repeats {clock(-shift)}"
    jump = f"exit #{leave.id} at {clock(leave.time)} to entry #{enter.id} at {clock(enter.time)}"
    return f"  {transition.score:.2f}  {jump}  {effect}"
