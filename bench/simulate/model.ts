/**
 * How long a training step takes in a world that is not there: pure formulas over measured figures.
 *
 * Letters: N ranks, k of them per host, H = N / k hosts, n bytes of float32 per bucket, w = n × compression on the wire.
 */

/** One direction of a link; both directions work at once. */
export interface Link {
  /** From the sender's call to the receiver's, in seconds. */
  readonly latencySeconds: number;
  readonly bytesPerSecond: number;
}

/** What the ranks run on. */
export interface Machine {
  /** Between two ranks of a host, per rank. */
  readonly local: Link;
  /** Between hosts, per host: its ranks share it. */
  readonly network: Link;
  /** Bytes of float32 that a rank adds to others per second. */
  readonly addBytesPerSecond: number;
  /** Processor time per message at its sender. */
  readonly messageSeconds: number;
  /** Cores of a host, for the ranks' computing threads and their exchange. */
  readonly coresPerHost: number;
}

export interface World {
  readonly numRanks: number;
  readonly ranksPerHost: number;
  /** Computing threads of a rank; 0 where an accelerator computes. */
  readonly threadsPerRank: number;
}

export interface Compression {
  readonly name: string;
  /** Bytes on the wire per byte of float32. */
  readonly wireShare: number;
  /** Bytes of float32 that are encoded or decoded per second; Infinity where nothing is to be done. */
  readonly codecBytesPerSecond: number;
}

export const NO_COMPRESSION: Compression = { name: 'none', wireShare: 1, codecBytesPerSecond: Infinity };

/** One rank's step without any exchange. */
export interface StepProfile {
  /** Forward and backward. */
  readonly computeSeconds: number;
  /** What follows the sums: optimizer and moving average. */
  readonly afterSeconds: number;
  /** In the order in which they leave. */
  readonly buckets: readonly { readonly bytes: number; readonly readySeconds: number }[];
}

export const ALGORITHMS = ['direct', 'ring', 'hierarchical'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Where a bucket's time goes. */
export interface ExchangeCost {
  readonly seconds: number;
  /** Of a rank's processor: adding, encoding, sending, copying within the host. It competes with computing where no core is free. */
  readonly processorSeconds: number;
}

const FREE: ExchangeCost = { seconds: 0, processorSeconds: 0 };

/** One transfer that uses the host's links of both kinds at once. */
function transfer(machine: Machine, localBytes: number, networkBytes: number): ExchangeCost {
  const over = ({ latencySeconds, bytesPerSecond }: Link, bytes: number): number =>
    bytes === 0 ? 0 : latencySeconds + bytes / bytesPerSecond;
  return {
    seconds: Math.max(over(machine.local, localBytes), over(machine.network, networkBytes)),
    // Within a host bytes are moved by its processors, between hosts by their network cards.
    processorSeconds: localBytes / machine.local.bytesPerSecond,
  };
}

/** Wire first, then work on what has come. */
function total(wire: ExchangeCost, times: number, workSeconds: number): ExchangeCost {
  return {
    seconds: times * wire.seconds + workSeconds,
    processorSeconds: times * wire.processorSeconds + workSeconds,
  };
}

/** Seconds that a rank spends on encoding and decoding a share of n bytes, to one peer after the other. */
function codecSeconds(bytes: number, { codecBytesPerSecond }: Compression): number {
  return bytes / codecBytesPerSecond;
}

/**
 * Direct exchange: every rank sends N − 1 parts of w/N to their owners, adds up its own part, and sends the sum to N − 1 ranks.
 * Of the parts k − 1 stay on the host; a host's network carries k (N − k) w/N in each of the two exchanges.
 */
function direct(
  bytes: number,
  { numRanks: N, ranksPerHost: k }: World,
  machine: Machine,
  c: Compression,
): ExchangeCost {
  const part = (bytes * c.wireShare) / N;
  const wire = transfer(machine, (k - 1) * part, k * (N - k) * part);
  const others = ((N - 1) / N) * bytes;
  const adding = others / machine.addBytesPerSecond;
  const messages = 2 * (N - 1) * machine.messageSeconds;
  // Every part is encoded and decoded once on its way to the owner, every sum encoded once and decoded by all.
  const codec = codecSeconds(3 * others + bytes / N, c);
  return total(wire, 2, adding + messages + codec);
}

/**
 * Ring: N − 1 turns in which a part of w/N goes to the next rank and is added there, and N − 1 in which the sums go round. Neighbours
 * share hosts, so of a host's ranks one sends over the network; a turn lasts as long as its slowest link.
 */
function ring(bytes: number, { numRanks: N, ranksPerHost: k }: World, machine: Machine, c: Compression): ExchangeCost {
  const part = (bytes * c.wireShare) / N;
  const turn = transfer(machine, k > 1 ? part : 0, N > k ? part : 0);
  const turns = 2 * (N - 1);
  const others = ((N - 1) / N) * bytes;
  const adding = others / machine.addBytesPerSecond;
  const codec = codecSeconds(3 * others + bytes / N, c);
  return total(turn, turns, adding + turns * machine.messageSeconds + codec);
}

/**
 * Hierarchy: each rank reads its 1/k of the bucket from the other ranks of its host where it lies (uncompressed), sums it with its H − 1
 * counterparts on other hosts, and writes the result once for all ranks of the host, so that only the first of the two exchanges within a host
 * costs anything. A host's network carries (H − 1)/H w in each of the two exchanges between hosts.
 */
function hierarchical(bytes: number, world: World, machine: Machine, c: Compression): ExchangeCost {
  const { numRanks: N, ranksPerHost: k } = world;
  const H = N / k;
  if (H === 1) return direct(bytes, world, machine, NO_COMPRESSION);
  const within = transfer(machine, ((k - 1) / k) * bytes, 0);
  const between = transfer(machine, 0, ((H - 1) / H) * bytes * c.wireShare);
  const others = ((H - 1) / H) * (bytes / k);
  const adding = (((k - 1) / k) * bytes + others) / machine.addBytesPerSecond;
  const messages = 2 * (k - 1 + H - 1) * machine.messageSeconds;
  const codec = codecSeconds(3 * others + bytes / N, c);
  const rest = total(between, 2, adding + messages + codec);
  return {
    seconds: within.seconds + rest.seconds,
    processorSeconds: within.processorSeconds + rest.processorSeconds,
  };
}

const COSTS: Readonly<Record<Algorithm, typeof direct>> = { direct, ring, hierarchical };

/** What the all-reduce of one bucket of `bytes` takes. */
export function exchangeCost(
  algorithm: Algorithm,
  bytes: number,
  world: World,
  machine: Machine,
  compression: Compression = NO_COMPRESSION,
): ExchangeCost {
  return world.numRanks === 1 ? FREE : COSTS[algorithm](bytes, world, machine, compression);
}

export interface StepPrediction {
  readonly stepSeconds: number;
  /** Forward and backward as stretched by shared cores. */
  readonly computeSeconds: number;
  /** Of the all-reduce, what computing did not hide. */
  readonly waitSeconds: number;
  /** Σ over the buckets of the time that each takes by itself. */
  readonly exchangeSeconds: number;
  /** Speed of N ranks over N times the speed of one rank that has a host to itself. */
  readonly efficiency: number;
}

/**
 * Predicts a step. Buckets leave one after the other, each when it is ready and the link is free. Ranks whose threads are more than the
 * cores take turns on them; where no core is left over, the exchange's processor time is taken from computing.
 */
export function predictStep(
  algorithm: Algorithm,
  step: StepProfile,
  world: World,
  machine: Machine,
  compression: Compression = NO_COMPRESSION,
): StepPrediction {
  const threadsPerHost = world.ranksPerHost * world.threadsPerRank;
  const stretch = Math.max(1, threadsPerHost / machine.coresPerHost);
  const hasSpareCores = threadsPerHost + world.ranksPerHost <= machine.coresPerHost || world.threadsPerRank === 0;
  const costs = step.buckets.map(({ bytes }) => exchangeCost(algorithm, bytes, world, machine, compression));
  // What is ready only when the backward pass is over finds the processor free.
  const early = costs.filter((_, i) => step.buckets[i]!.readySeconds < step.computeSeconds);
  const stolen = hasSpareCores ? 0 : stretch * early.reduce((sum, cost) => sum + cost.processorSeconds, 0);
  const computeSeconds = step.computeSeconds * stretch + stolen;
  const scale = computeSeconds / step.computeSeconds;
  let free = 0;
  for (const [i, { readySeconds }] of step.buckets.entries()) {
    const begin = Math.max(readySeconds * scale, free);
    // Ranks that share cores also exchange in turns.
    free = begin + costs[i]!.seconds * (hasSpareCores ? 1 : stretch);
  }
  const stepSeconds = Math.max(computeSeconds, free) + step.afterSeconds * stretch;
  const alone = step.computeSeconds * Math.max(1, world.threadsPerRank / machine.coresPerHost) + step.afterSeconds;
  return {
    stepSeconds,
    computeSeconds,
    waitSeconds: Math.max(0, free - computeSeconds),
    exchangeSeconds: costs.reduce((sum, cost) => sum + cost.seconds, 0),
    efficiency: alone / stepSeconds,
  };
}

/**
 * The link that explains the times of two direct exchanges between two ranks of one host, a small and a large one: each is
 * 2 (latency + bytes / 2 / speed) and the addition of half the bytes.
 */
export function fitLocalLink(
  small: { readonly bytes: number; readonly seconds: number },
  large: { readonly bytes: number; readonly seconds: number },
  addBytesPerSecond: number,
): Link {
  const wire = ({ bytes, seconds }: { readonly bytes: number; readonly seconds: number }): number =>
    Math.max(seconds - bytes / 2 / addBytesPerSecond, 1e-9);
  const perByte = Math.max((wire(large) - wire(small)) / (large.bytes - small.bytes), 1e-15);
  return {
    latencySeconds: Math.max(0, (wire(small) - small.bytes * perByte) / 2),
    bytesPerSecond: 1 / perByte,
  };
}
