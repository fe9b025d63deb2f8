"""From a file to what is measured of its sound: samples, loudness, spectra, onsets. No torch and no librosa."""
