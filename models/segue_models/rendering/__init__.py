"""Rendering: turns scores and voices into songs whose ground truth is known exactly."""
