import { describe, expect, it } from 'vitest';
import {
  type Compression,
  exchangeCost,
  fitLocalLink,
  type Machine,
  predictStep,
  type StepProfile,
} from '../../../bench/simulate/model.js';

/** Round figures: 1 ms and 1 kB/ms within a host, 2 ms and 100 B/ms between hosts; 4 kB are added per ms. */
const machine: Machine = {
  local: { latencySeconds: 0.001, bytesPerSecond: 1e6 },
  network: { latencySeconds: 0.002, bytesPerSecond: 1e5 },
  addBytesPerSecond: 4e6,
  messageSeconds: 0,
  coresPerHost: 64,
};
const world = (numRanks: number, ranksPerHost: number) => ({ numRanks, ranksPerHost, threadsPerRank: 0 });
const ms = (seconds: number) => seconds * 1000;

describe('the cost of an all-reduce', () => {
  it('is nothing for one rank', () => {
    expect(exchangeCost('ring', 1e6, world(1, 1), machine)).toEqual({ seconds: 0, processorSeconds: 0 });
  });

  it('is two exchanges of the others’ parts and one addition, directly on one host', () => {
    // 4 ranks, 8 kB: a part is 2 kB, each rank sends 3: 1 + 6 ms, twice; 6 kB are added in 1.5 ms.
    expect(ms(exchangeCost('direct', 8000, world(4, 4), machine).seconds)).toBeCloseTo(15.5, 9);
  });

  it('is paced by the network that a host’s ranks share, directly between hosts', () => {
    // 4 ranks on 2 hosts, 8 kB: of each rank's 3 parts of 2 kB one stays (1 + 2 ms), two leave; 2 ranks × 2 parts × 2 kB
    // = 8 kB on the network take 2 + 80 ms. Twice 82, and 1.5 ms of addition.
    expect(ms(exchangeCost('direct', 8000, world(4, 2), machine).seconds)).toBeCloseTo(165.5, 9);
  });

  it('is 2 (N − 1) turns of one part around a ring', () => {
    // One host: 6 turns of 1 + 2 ms, 1.5 ms of addition. Two hosts: the slowest link is the network, 2 + 20 ms a turn.
    expect(ms(exchangeCost('ring', 8000, world(4, 4), machine).seconds)).toBeCloseTo(19.5, 9);
    expect(ms(exchangeCost('ring', 8000, world(4, 2), machine).seconds)).toBeCloseTo(133.5, 9);
  });

  it('sends every number once per host in the hierarchy', () => {
    // 2 hosts of 2, 8 kB. Within: 4 kB, 1 + 4 ms, once: the result is there for all. Between: half of 8 kB per host, 2 + 40 ms, twice. Added are 4 kB from the
    // neighbour and half of this rank's 4 kB from the other host: 6 kB, 1.5 ms.
    expect(ms(exchangeCost('hierarchical', 8000, world(4, 2), machine).seconds)).toBeCloseTo(5 + 84 + 1.5, 9);
  });

  it('is the direct exchange for a hierarchy of one host', () => {
    expect(exchangeCost('hierarchical', 8000, world(4, 4), machine)).toEqual(
      exchangeCost('direct', 8000, world(4, 4), machine),
    );
  });

  it('counts messages, which direct exchanges have most of between many hosts', () => {
    const busy = { ...machine, messageSeconds: 1e-4 };
    const messages = (algorithm: 'direct' | 'ring' | 'hierarchical') =>
      ms(
        exchangeCost(algorithm, 8000, world(16, 4), busy).seconds -
          exchangeCost(algorithm, 8000, world(16, 4), machine).seconds,
      );
    // 0.1 ms each: 2 × 15; 2 × 15; 2 × (3 + 3).
    expect(messages('direct')).toBeCloseTo(3, 9);
    expect(messages('ring')).toBeCloseTo(3, 9);
    expect(messages('hierarchical')).toBeCloseTo(1.2, 9);
  });

  it('halves the bytes on the wire with bf16 and adds the codec’s time', () => {
    const bf16: Compression = { name: 'bf16', wireShare: 0.5, codecBytesPerSecond: 1e6 };
    // 2 ranks on 2 hosts, 8 kB: parts of 2 kB on the wire, 2 + 20 ms, twice; 4 kB added, 1 ms; 3 × 4 + 4 kB through the codec, 16 ms.
    expect(ms(exchangeCost('direct', 8000, world(2, 1), machine, bf16).seconds)).toBeCloseTo(44 + 1 + 16, 9);
  });
});

describe('a predicted step', () => {
  const step: StepProfile = {
    computeSeconds: 0.1,
    afterSeconds: 0.01,
    buckets: [
      { bytes: 8000, readySeconds: 0.05 },
      { bytes: 8000, readySeconds: 0.1 },
    ],
  };

  it('hides what is exchanged while the backward pass goes on', () => {
    // Each bucket takes 15.5 ms: the first is over at 65.5 ms, the second ends 15.5 ms after the backward pass.
    const prediction = predictStep('direct', step, world(4, 4), machine);
    expect(ms(prediction.waitSeconds)).toBeCloseTo(15.5, 9);
    expect(ms(prediction.stepSeconds)).toBeCloseTo(125.5, 9);
    expect(prediction.efficiency).toBeCloseTo(110 / 125.5, 9);
  });

  it('lets a bucket wait for the link', () => {
    // 82 + 82 + 1.5 = 165.5 ms each: from 50 to 215.5, then to 381 ms, and the optimizer.
    expect(ms(predictStep('direct', step, world(4, 2), machine).stepSeconds)).toBeCloseTo(391, 9);
  });

  it('takes the exchange’s processor time from computing where no core is left over', () => {
    const packed = { ...machine, coresPerHost: 4 };
    // The first bucket takes 1.5 ms of adding and 2 × 6 ms of copying: 113.5 ms of computing. The second is ready at its end.
    const prediction = predictStep('direct', step, { ...world(4, 4), threadsPerRank: 1 }, packed);
    expect(ms(prediction.computeSeconds)).toBeCloseTo(113.5, 9);
    expect(ms(prediction.stepSeconds)).toBeCloseTo(113.5 + 15.5 + 10, 9);
  });

  it('stretches everything where ranks share cores', () => {
    const small = { ...machine, coresPerHost: 2 };
    // Four threads on two cores: 200 ms and 2 × 13.5 ms for the first bucket; 31 ms for the last one; 20 ms for the optimizer.
    const { stepSeconds } = predictStep('direct', step, { ...world(4, 4), threadsPerRank: 1 }, small);
    expect(ms(stepSeconds)).toBeCloseTo(227 + 31 + 20, 9);
  });
});

describe('the fitted link', () => {
  it('gives back the link that made the times', () => {
    const seconds = (bytes: number) => 2 * (0.001 + bytes / 2 / 1e6) + bytes / 2 / 4e6;
    const point = (bytes: number) => ({ bytes, seconds: seconds(bytes) });
    const { latencySeconds, bytesPerSecond } = fitLocalLink(point(4000), point(4_000_000), 4e6);
    expect(latencySeconds).toBeCloseTo(0.001, 12);
    expect(bytesPerSecond).toBeCloseTo(1e6, 3);
  });
});
