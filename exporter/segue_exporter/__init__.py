"""torch checkpoint to checked ONNX file."""
