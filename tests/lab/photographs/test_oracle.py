import torch

from tools.lab.photographs.oracle import RandomSegLabeler


def test_noise_is_among_the_classes_of_an_image():
    torch.manual_seed(0)
    img_label = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    prob = RandomSegLabeler(patch=4)(torch.zeros(2, 3, 10, 6), img_label)
    assert prob.shape == (2, 3, 10, 6)
    assert torch.equal(prob.sum(dim=1), torch.ones(2, 10, 6))
    assert (prob[0, 2] == 0).all()  # the image does not show it
    assert 0 < prob[0, 1].mean() < 1
    assert (prob[1, 0] == 1).all()
    patches = prob[0, 1, :8, :4].unfold(0, 4, 4)
    assert (patches == patches[..., :1, :1].transpose(1, 2)).all()
