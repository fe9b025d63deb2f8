"""The annotator's study: false cuts, judged blind."""
