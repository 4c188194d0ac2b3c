"""What the scripts that make golden files of networks share.

Everything is computed in double precision from values that are exact in single precision, and stored in single
precision. Tensors are stored as [N, D, H, W, C], parameters with PyTorch's own dims and the library's names.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).parent


def exact(x):
    """The nearest single-precision values."""
    return x.detach().float().double()


def last(x):
    """[N, C, D, H, W] to [N, D, H, W, C]."""
    return x.permute(0, 2, 3, 4, 1)


def write_safetensors(name, tensors):
    header, data, at = {}, b"", 0
    for key, tensor in tensors.items():
        array = tensor.detach().contiguous()
        array = array.numpy() if array.dtype == torch.uint8 else array.float().numpy()
        raw = array.tobytes()
        dtype = "U8" if array.itemsize == 1 else "F32"
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(raw)]}
        data, at = data + raw, at + len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


def loss_of(logits, target):
    """Nalwade & Kisa: 1 - mean over regions of 2 sum pg / (sum p^2 + sum g^2), plus the sum over regions of mean BCE."""
    p, over = torch.sigmoid(logits), (0, 2, 3, 4)
    dice = 2 * (p * target).sum(over) / ((p * p).sum(over) + (target * target).sum(over) + 1e-8)
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(over).sum()
    return 1 - dice.mean() + bce


# Large rates and an epsilon far above rounding, so that three steps matter and the gradients of biases before a norm,
# which are rounding noise, do not.
OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2, eps=1e-3, weight_decay=1e-2),
    "adam_w": lambda p: torch.optim.AdamW(p, lr=1e-2, eps=1e-3, weight_decay=1e-1),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=1e-3),
}


def draw_parameters(net, is_gain):
    """Random parameters, exact in single precision; the gains of norms have both signs."""
    with torch.no_grad():
        for key, p in net.named_parameters():
            if is_gain(key, p):
                p.copy_(exact((torch.rand(p.shape) + 0.5) * torch.where(torch.rand(p.shape) < 0.3, -1.0, 1.0)))
            elif p.dim() == 1:
                p.copy_(exact(0.3 * torch.randn(p.shape)))
            else:
                p.copy_(exact(torch.randn(p.shape) * (2.0 / p[0].numel()) ** 0.5))


def record_training(name, net, c_in, c_out, shape, optimisers, name_of=lambda key: key, loss_of=loss_of):
    """Logits, loss and gradients of a random batch of two, and the parameters after three steps of each optimiser.

    `net` returns logits, or a tuple that starts with them and that `loss_of` takes whole.
    """
    start = {key: p.detach().clone() for key, p in net.named_parameters()}
    image = exact(torch.randn(2, c_in, *shape)).requires_grad_()
    target = (torch.rand(2, c_out, *shape) < 0.3).double()

    result = net(image)
    loss = loss_of(result, target)
    loss.backward()
    logits = result[0] if isinstance(result, tuple) else result
    out = {"image": last(image), "target": last(target).to(torch.uint8), "logits": last(logits),
           "loss": loss.reshape(1), "gradient.image": last(image.grad)}
    out |= {"initial." + name_of(key): value for key, value in start.items()}
    out |= {"gradient." + name_of(key): p.grad.clone() for key, p in net.named_parameters()}
    for optimiser in optimisers:
        net.load_state_dict(start)
        steps = OPTIMISERS[optimiser](net.parameters())
        for _ in range(3):
            steps.zero_grad()
            loss_of(net(image.detach()), target).backward()
            steps.step()
        out |= {optimiser + "." + name_of(key): p.detach().clone() for key, p in net.named_parameters()}
    write_safetensors(name, out)
