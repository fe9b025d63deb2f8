import io
import logging
import warnings
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import onnxruntime
import pytest
import torch

from segue_models.architectures import build


@pytest.mark.parametrize(
    ("features", "outputs", "count"), [(120, 1, 59_651), (120, 2, 59_702), (266, 1, 88_851), (314, 3, 98_553)]
)
def test_parameter_counts_of_the_specification(features, outputs, count):
    network = build("beat_blstm", features=features, outputs=outputs)
    assert sum(p.numel() for p in network.parameters()) == count


def test_one_bias_a_gate_is_the_network_with_two_biases_one_of_them_zero():
    torch.manual_seed(0)
    layer = build("beat_blstm", features=7, outputs=1, units=5, layers=1).layers[0].lstm
    usual = torch.nn.LSTM(7, 5, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for end in ("l0", "l0_reverse"):
            both = getattr(layer, f"weight_ih_{end}")
            getattr(usual, f"weight_ih_{end}").copy_(both[:, :7])
            getattr(usual, f"bias_ih_{end}").copy_(both[:, 7])
            getattr(usual, f"weight_hh_{end}").copy_(getattr(layer, f"weight_hh_{end}"))
            getattr(usual, f"bias_hh_{end}").zero_()
    x = torch.randn(2, 30, 7)
    ones = torch.ones(2, 30, 1)
    assert torch.allclose(layer(torch.cat([x, ones], dim=-1))[0], usual(x)[0], atol=1e-6)


def test_a_frame_hears_what_came_and_what_comes():
    torch.manual_seed(0)
    network = build("beat_blstm", features=4, outputs=1).eval()
    x = torch.randn(1, 100, 4)
    other = x.clone()
    other[0, 50] += 10.0
    difference = (network(other) - network(x))[0, :, 0].abs()
    assert (difference[45:56] > 0).all() and difference.argmax() in range(48, 53)


def test_the_loss_of_three_outputs_is_the_cross_entropy_of_classes_and_of_one_output_the_logistic_loss():
    torch.manual_seed(0)
    classes = torch.randint(0, 3, (2, 9))
    logits, targets = torch.randn(2, 9, 3), torch.nn.functional.one_hot(classes, 3).float()
    network = build("beat_blstm", features=4)
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), classes.flatten())
    assert network.loss(logits, targets, torch.ones(2, 9, 3)).item() == pytest.approx(expected.item(), rel=1e-5)
    half = torch.ones(2, 9, 3)
    half[:, 5:] = 0.0
    expected = torch.nn.functional.cross_entropy(logits[:, :5].flatten(0, 1), classes[:, :5].flatten())
    assert network.loss(logits, targets, half).item() == pytest.approx(expected.item(), rel=1e-5)
    one = build("beat_blstm", features=4, outputs=1)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[..., :1], targets[..., :1])
    assert one.loss(logits[..., :1], targets[..., :1], torch.ones(2, 9, 1)).item() == pytest.approx(expected.item())


@pytest.mark.long
def test_it_exports_to_lstm_nodes_that_say_the_same_for_any_length(tmp_path):
    torch.manual_seed(0)
    network = build("beat_blstm", features=6, units=4, layers=1).eval()
    sizes = ({0: torch.export.Dim("n", min=1, max=64), 1: torch.export.Dim("frames", min=2, max=1 << 20)},)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (torch.zeros(2, 8, 6),), dynamo=True, opset_version=20, dynamic_shapes=sizes, external_data=False
        )  # fmt: skip
    model = program.model_proto
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("LSTM") == 1 and not {"Loop", "Scan"} & set(kinds)
    onnxruntime.set_default_logger_severity(4)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for shape in ((1, 333, 6), (3, 20, 6)):
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        said = session.run(None, {session.get_inputs()[0].name: x})[0]
        assert np.abs(said - network(torch.from_numpy(x)).detach().numpy()).max() < 1e-5
