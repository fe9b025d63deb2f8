"""Grids of experiments: configurations, a balanced part of them, and their trials."""
