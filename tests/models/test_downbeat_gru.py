import torch

from segue_models.architectures import build


def network():
    torch.manual_seed(0)
    return build("downbeat_gru").eval()


def test_it_hears_180_values_of_the_drums_and_24_of_the_harmony_of_each_beat():
    assert network()(torch.randn(2, 31, 204)).shape == (2, 31, 2)


def test_drums_and_harmony_know_nothing_of_each_other():
    net, x = network(), torch.randn(1, 20, 204)
    said = net(x)
    other_drums, other_harmony = x.clone(), x.clone()
    other_drums[..., :180] += 1.0
    other_harmony[..., 180:] += 1.0
    assert torch.equal(net(other_drums)[..., 1], said[..., 1])
    assert not torch.allclose(net(other_drums)[..., 0], said[..., 0])
    assert torch.equal(net(other_harmony)[..., 0], said[..., 0])
    assert not torch.allclose(net(other_harmony)[..., 1], said[..., 1])


def test_both_learn_the_same_downbeats_and_beats_without_weight_teach_nothing():
    net, x = network(), torch.randn(1, 8, 204)
    targets, weights = torch.zeros(1, 8, 1), torch.ones(1, 8, 1)
    targets[0, ::4] = 1.0
    logits = net(x)
    each = [
        torch.nn.functional.binary_cross_entropy_with_logits(logits[..., i], targets[..., 0]).item() for i in range(2)
    ]
    assert abs(net.loss(logits, targets, weights).item() - sum(each) / 2) < 1e-6
    weights[0, 4:] = 0.0
    changed = targets.clone()
    changed[0, 5] = 1.0
    assert net.loss(logits, changed, weights).item() == net.loss(logits, targets, weights).item()
