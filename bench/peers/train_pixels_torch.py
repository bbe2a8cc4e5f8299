#!/usr/bin/env python3
"""The EGU-Net-pw training step in PyTorch on any of its devices, eager or compiled: random spectra, mixed and pure pixels in every step.

Prints one line of JSON. The decay is given to Adam as weight_decay on the kernels: the same gradient, for less work. Data stays on the device.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
p.add_argument("--compile", action="store_true", help="torch.compile (inductor)")
p.add_argument("--steps", type=int, default=100)
p.add_argument("--warmup", type=int, default=10)
p.add_argument("--batch", type=int, default=2000, help="mixed pixels a step")
p.add_argument("--pure", type=int, default=1600, help="pseudo-endmembers a step")
p.add_argument("--bands", type=int, default=198)
p.add_argument("--endmembers", type=int, default=4)
p.add_argument("--pixels", type=int, default=10000)
a = p.parse_args()
torch.manual_seed(1)
B, C = a.bands, a.endmembers


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        encoder, decoder = [B, 256, 128, 32, C], [C, 32, 128, 256, B]
        self.encoder = nn.ModuleList(nn.Linear(i, o) for i, o in zip(encoder, encoder[1:]))
        self.decoder = nn.ModuleList(nn.Linear(i, o) for i, o in zip(decoder, decoder[1:]))
        norm = lambda o: nn.BatchNorm1d(o, eps=1e-3, momentum=0.1)  # TensorFlow's 0.9
        self.encoder_norms = nn.ModuleList(norm(o) for o in encoder[1:4])
        self.decoder_norms = nn.ModuleList(norm(o) for o in decoder[1:])
        for layer in [*self.encoder, *self.decoder]:
            nn.init.xavier_uniform_(layer.weight)

    def encode(self, x):
        x = torch.tanh(F.dropout(self.encoder_norms[0](self.encoder[0](x)), 0.1))
        x = torch.tanh(self.encoder_norms[1](self.encoder[1](x)))
        x = torch.relu(self.encoder_norms[2](self.encoder[2](x)))
        return self.encoder[3](x)

    def forward(self, pure, mixed):
        x = torch.softmax(self.encode(mixed), 1)
        for layer, batch_norm in zip(self.decoder, self.decoder_norms):
            x = torch.sigmoid(batch_norm(layer(x)))
        return self.encode(pure), x


net = Network().to(a.device)
mixed = torch.rand(a.pixels, B, device=a.device)
pure = torch.rand(a.pure, B, device=a.device)
labels = torch.softmax(torch.randn(a.pure, C, device=a.device), 1)
kernels = [w for w in net.parameters() if w.dim() == 2]
rest = [w for w in net.parameters() if w.dim() != 2]
adam = torch.optim.Adam([{"params": kernels, "weight_decay": 0.005}, {"params": rest}], lr=0.01, fused=True)


def loss_of(pure, labels, batch):
    logits, reconstruction = net(pure, batch)
    return F.cross_entropy(logits, labels) + F.mse_loss(reconstruction, batch)


loss_of = torch.compile(loss_of, dynamic=False) if a.compile else loss_of


def finished():
    if a.device.startswith("cuda"):
        torch.cuda.synchronize()


def step():
    chosen = torch.randint(0, a.pixels, (a.batch,), device=a.device)
    adam.zero_grad(set_to_none=True)
    loss_of(pure, labels, mixed.index_select(0, chosen)).backward()
    adam.step()


for _ in range(a.warmup):
    step()
finished()
GROUP = 10  # steps between two waits for the device: it is given work ahead, as in a training
times = []
for _ in range(max(1, a.steps // GROUP)):
    began = time.perf_counter()
    for _ in range(GROUP):
        step()
    finished()
    times.append((time.perf_counter() - began) * 1e3 / GROUP)
name = torch.cuda.get_device_name() if a.device.startswith("cuda") else a.device
print(json.dumps({"device": name, "torch": torch.__version__, "ms_per_step": statistics.median(times)}))
