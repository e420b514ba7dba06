"""Measures the bench's networks in PyTorch on the same GPU: windows per second from host memory to host memory, without TF32.

usage: torch_lstm.py BENCH.jsonl
Reads the lines of `bench -- engine --engine cuda --json`, measures the same shapes and batches, and prints the ratios.
For tanh, PyTorch uses cuDNN's LSTM. cuDNN has no relu LSTM, so for relu the recurrence is unrolled and replayed as a
CUDA graph.
"""
import json
import sys
import time

import torch

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
DEVICE = torch.device("cuda")


class Lstm(torch.nn.Module):
    """One LSTM layer with any activation. The input of all timesteps is projected at once; a repeated input, once."""

    def __init__(self, inputs, units, activation):
        super().__init__()
        self.project = torch.nn.Linear(inputs, 4 * units)
        self.recurrent = torch.nn.Linear(units, 4 * units, bias=False)
        self.activation = activation

    def forward(self, x, steps):
        z = self.project(x)
        h = c = None
        out = []
        for t in range(steps):
            gates = z[:, t] if z.dim() == 3 else z
            if h is not None:
                gates = gates + self.recurrent(h)
            i, f, g, o = gates.chunk(4, 1)
            fresh = i.sigmoid() * self.activation(g)
            c = fresh if c is None else f.sigmoid() * c + fresh
            h = o.sigmoid() * self.activation(c)
            out.append(h)
        return torch.stack(out, 1)


class Autoencoder(torch.nn.Module):
    def __init__(self, steps, features, units, activation):
        super().__init__()
        self.steps = steps
        self.is_cudnn = activation == "tanh"
        if self.is_cudnn:
            self.encoder = torch.nn.LSTM(features, units, batch_first=True)
            self.decoder = torch.nn.LSTM(units, units, batch_first=True)
        else:
            self.encoder = Lstm(features, units, torch.relu)
            self.decoder = Lstm(units, units, torch.relu)
        self.output = torch.nn.Linear(units, features)

    def forward(self, x):
        if self.is_cudnn:
            _, (h, _) = self.encoder(x)
            y, _ = self.decoder(h[0].unsqueeze(1).expand(-1, self.steps, -1).contiguous())
        else:
            y = self.decoder(self.encoder(x, self.steps)[:, -1], self.steps)
        return self.output(y)


def windows_per_second(model, batch, steps, features, seconds):
    host = torch.rand(batch, steps, features).pin_memory()
    device = host.to(DEVICE)
    answer = torch.empty(batch, steps, features).pin_memory()
    run = lambda: model(device)
    if not model.is_cudnn:
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                model(device)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = model(device)
        run = lambda: (graph.replay(), result)[1]

    def once():
        device.copy_(host, non_blocking=True)
        answer.copy_(run(), non_blocking=True)
        torch.cuda.synchronize()

    for _ in range(20):
        once()
    best = 0.0
    for _ in range(3):
        begin, runs = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            once()
            runs += 1
        best = max(best, runs * batch / (time.perf_counter() - begin))
    return best


print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}")
with torch.inference_mode(), open(sys.argv[1]) as lines:
    for line in lines:
        if not line.startswith("{"):
            continue
        ours = json.loads(line)
        steps, features, units = ours["shape"]
        model = Autoencoder(steps, features, units, ours["activation"]).to(DEVICE).eval()
        row = []
        for batch, rate in ours["windowsPerSecond"].items():
            torchs = windows_per_second(model, int(batch), steps, features, 1.0)
            row.append(f"{batch}: {rate:.0f} / {torchs:.0f} = {rate / torchs:.2f}x")
        print(f"T{steps} F{features} U{units} {ours['activation']}, windows/s Residua / PyTorch: {', '.join(row)}")
