"""One rank of the rival: torch.distributed with Gloo sums a vector again and again. Prints its result as JSON."""

import argparse
import json
import time

import torch
import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--rank", type=int, required=True)
parser.add_argument("--ranks", type=int, required=True)
parser.add_argument("--bytes", type=int, required=True)
parser.add_argument("--rounds", type=int, required=True)
parser.add_argument("--warm-up", type=int, required=True)
parser.add_argument("--store", required=True)
args = parser.parse_args()

torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{args.store}", rank=args.rank, world_size=args.ranks)
vector = torch.full((args.bytes // 4,), float(args.rank + 1))

dist.all_reduce(vector)
expected = args.ranks * (args.ranks + 1) / 2
assert bool((vector == expected).all()), "the sum is wrong"
vector.zero_()  # in place again and again: zeros stay zeros
for _ in range(args.warm_up):
    dist.all_reduce(vector)
dist.barrier()
seconds = []
cpu_before = time.process_time()
for _ in range(args.rounds):
    began = time.perf_counter()
    dist.all_reduce(vector)
    seconds.append(time.perf_counter() - began)
cpu_seconds = time.process_time() - cpu_before
dist.barrier()
print(json.dumps({"rank": args.rank, "seconds": seconds, "cpuSeconds": cpu_seconds}))
dist.destroy_process_group()
