#!/usr/bin/env python3
"""The training step of the guided convolutional EGU-Net-ss in PyTorch: one image of random numbers, every pixel valid.

Prints one line of JSON. The decay is given to Adam as weight_decay on the kernels: the same gradient, for less work.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--threads", type=int, default=1)
p.add_argument("--steps", type=int, default=10)
p.add_argument("--warmup", type=int, default=2)
p.add_argument("--rows", type=int, default=100)
p.add_argument("--cols", type=int, default=100)
p.add_argument("--bands", type=int, default=198)
p.add_argument("--endmembers", type=int, default=4)
p.add_argument("--candidates", type=int, default=1600)
p.add_argument("--pooling", choices=["same", "alternated", "centred", "none"], default="none")
p.add_argument("--channels-last", action="store_true")
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(1)
B, C = a.bands, a.endmembers
ENCODER = [(B, 256, 5), (256, 128, 3), (128, 32, 1), (32, C, 1)]
DECODER = [(C, 32, 1), (32, 128, 1), (128, 256, 3), (256, B, 5)]


def convolution(inputs, outputs, side, bias=False):
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    return layer


def norm(outputs):
    return nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.1)  # TensorFlow's 0.9


def pool(x, index):
    """The mean of a window within the image."""
    if a.pooling == "none":
        return x
    if a.pooling == "centred":
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    before = a.pooling == "alternated" and index == 1
    pad = (1, 0, 1, 0) if before else (0, 1, 0, 1)
    return F.avg_pool2d(F.pad(x, pad, mode="replicate"), 2, 1)  # a border counts twice: as much work


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList(convolution(i, o, k, bias=o == C) for i, o, k in ENCODER)
        self.encoder_norms = nn.ModuleList(norm(o) for _, o, _ in ENCODER[:3])
        self.decoder = nn.ModuleList(convolution(*shape) for shape in DECODER)
        self.decoder_norms = nn.ModuleList(norm(o) for _, o, _ in DECODER)

    def forward(self, x):
        x = self.encoder_norms[0](self.encoder[0](x))
        x = torch.tanh(pool(F.dropout(x, 0.1), 0))
        x = torch.tanh(pool(self.encoder_norms[1](self.encoder[1](x)), 1))
        x = torch.relu(pool(self.encoder_norms[2](self.encoder[2](x)), 2))
        logits = self.encoder[3](x)
        x = torch.softmax(logits, 1)
        for layer, batch_norm in zip(self.decoder, self.decoder_norms):
            x = torch.sigmoid(batch_norm(layer(x)))
        return logits, x


net = Network()
image = torch.rand(1, B, a.rows, a.cols)
if a.channels_last:
    net, image = net.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)
places = torch.randperm(a.rows * a.cols)[: a.candidates]
labels = torch.softmax(torch.randn(a.candidates, C), 1)
kernels = [w for w in net.parameters() if w.dim() == 4]
rest = [w for w in net.parameters() if w.dim() != 4]
adam = torch.optim.Adam([{"params": kernels, "weight_decay": 0.005}, {"params": rest}], lr=0.01, fused=True)


def step():
    adam.zero_grad(set_to_none=True)
    logits, reconstruction = net(image)
    pure = logits.flatten(2)[0].T.index_select(0, places)
    loss = F.cross_entropy(pure, labels) + F.mse_loss(reconstruction, image)
    loss.backward()
    adam.step()


for _ in range(a.warmup):
    step()
times, cpu_times = [], []
for _ in range(a.steps):
    began, cpu = time.perf_counter(), time.process_time()
    step()
    times.append((time.perf_counter() - began) * 1e3)
    cpu_times.append((time.process_time() - cpu) * 1e3)
ms, cpu_ms = statistics.median(times), statistics.median(cpu_times)
print(json.dumps({"threads": a.threads, "torch": torch.__version__, "ms_per_step": ms, "cpu_ms_per_step": cpu_ms}))
