"""An OpenTimelineIO timeline, for video editors: one audio clip of the recording with the cuts as its markers."""

from dataclasses import asdict
from pathlib import Path

from segue_bridge.marker_name import name
from segue_bridge.result import Analysis
from segue_bridge.text import one_line

SUFFIX = ".otio"


def render(analysis: Analysis) -> bytes:
    """OTIO JSON at the recording's sample rate, exact to the sample.

    What OTIO has no word for is in the metadata under "segue": of a marker id, kind, score, bar, beat and section, of
    the timeline tempo, sections and transitions.
    """
    import opentimelineio as otio

    rate = analysis.audio.sample_rate
    colours = {"exit": otio.schema.MarkerColor.RED, "entry": otio.schema.MarkerColor.GREEN}

    def span(start: float, length: float) -> "otio.opentime.TimeRange":
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(round(start * rate), rate),
            otio.opentime.RationalTime(round(length * rate), rate),
        )

    path = Path(analysis.audio.path).absolute()
    title = one_line(path.name)
    whole = span(0.0, analysis.audio.duration)
    media = otio.schema.ExternalReference(target_url=path.as_uri(), available_range=whole)
    clip = otio.schema.Clip(name=title, media_reference=media, source_range=whole)
    for cut in analysis.cuts:
        facts = {key: value for key, value in asdict(cut).items() if key != "time"} | {"section": one_line(cut.section)}
        marker = otio.schema.Marker(name(cut), span(cut.time, 0.0), colours[cut.kind], metadata={"segue": facts})
        clip.markers.append(marker)
    facts = asdict(analysis)
    for section in facts["sections"]:
        section["label"] = one_line(section["label"])  # the library ends a text at a NUL
    known = {key: facts[key] for key in ("models", "tempo", "beats_per_bar", "beat_unit", "sections", "transitions")}
    timeline = otio.schema.Timeline(name=title, metadata={"segue": known})
    timeline.tracks.append(otio.schema.Track(name=title, kind=otio.schema.TrackKind.Audio, children=[clip]))
    return f"{timeline.to_json_string()}\n".encode()
