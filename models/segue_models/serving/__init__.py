"""Running a network from its .onnx file. No torch."""
