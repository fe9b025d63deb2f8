"""The analysis for commands: kept on disk, and imported only where it must run."""

from collections.abc import Callable

from segue_bridge.result import Analysis, Options, Region
from segue_bridge.result_cache import Progress, ResultCache, through_cache


def analyse(region: Region, options: Options, progress: Progress) -> Analysis:
    """The analysis of a region, from the cache where nothing has changed since. Raises SegueError."""
    return through_cache(from_heard)(region, options, progress, lambda: False)


def from_heard(region: Region, options: Options, progress: Progress, cancelled: Callable[[], bool]) -> Analysis:
    """An analysis from what was heard of the region before, else from hearing it. Raises SegueError, Cancelled."""
    from segue_bridge.analysis import analyse  # takes a second

    return analyse(region, options, progress, cancelled, ResultCache())
