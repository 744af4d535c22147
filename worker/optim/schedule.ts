/**
 * Learning rates, momentum and accumulation of every iteration (reference sections 5.4 to 5.6). Pure: numbers in,
 * numbers out. An iteration is one batch; a step is one update of the weights.
 */
import type { Hyp } from '../../configs/run-config.js';
import { ConfigError } from '../../proto/errors.js';
import { roundHalfEven } from '../../proto/rounding.js';

/** What a schedule follows from. */
export interface ScheduleOptions {
  readonly hyp: Pick<
    Hyp,
    | 'lr0'
    | 'lrf'
    | 'momentum'
    | 'weight_decay'
    | 'warmup_epochs'
    | 'warmup_min_iterations'
    | 'warmup_momentum'
    | 'warmup_bias_lr'
  >;
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  /** Images per iteration over all ranks. */
  readonly batchSize: number;
  /** Batch that gradients are accumulated up to. @defaultValue 64 */
  readonly nominalBatchSize?: number | undefined;
  /** A straight line instead of a cosine. @defaultValue false */
  readonly linear?: boolean | undefined;
  /** Adam's β₁ is not warmed up. @defaultValue 'sgd' */
  readonly optimizer?: 'sgd' | 'adam' | undefined;
}

/** Settings of one iteration. */
export interface IterationRates {
  readonly epoch: number;
  /** Learning rate of batch-norm weights, convolution weights, biases. */
  readonly lr: readonly [number, number, number];
  readonly momentum: number;
  /** Iterations whose gradients make one step. */
  readonly accumulate: number;
  /** First iteration of an epoch: gradients that a step has not used yet are dropped before it, as in the reference. */
  readonly startsEpoch: boolean;
}

/** A compiled schedule. */
export interface Schedule {
  readonly warmupIterations: number;
  /** `weight_decay` scaled to the images behind one step. */
  readonly weightDecay: number;
  /** Factor on lr0 in an epoch, after warm-up and without the lag. */
  factor(epoch: number): number;
  /** Settings of iteration `index`, counted from the start of training. */
  at(index: number): IterationRates;
}

/** `lastStep` before the first iteration, and after a resume that does not know better: the first batch then steps. */
export const NO_STEP_YET = -1;

/**
 * Compiles a schedule.
 *
 * Two oddities of the reference are kept: after warm-up, epoch e trains with the rate of e − 1 (the rate is set at
 * epoch ends, one behind), except that the epoch in which warm-up ends keeps the rate that warm-up reached; and a
 * step happens when enough iterations have passed since the last, across epochs.
 *
 * @throws ConfigError `CONFIG_LINEAR_ONE_EPOCH`: a line over a single epoch has no slope
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const {
    hyp,
    epochs,
    iterationsPerEpoch,
    batchSize,
    nominalBatchSize = 64,
    linear = false,
    optimizer = 'sgd',
  } = options;
  if (linear && epochs === 1) {
    throw new ConfigError('CONFIG_LINEAR_ONE_EPOCH', 'the linear schedule cannot run a single epoch', {
      hint: 'leave --linear-lr out, or train for two epochs or more',
    });
  }
  const fullAccumulate = Math.max(roundHalfEven(nominalBatchSize / batchSize), 1);
  const warmupIterations = Math.max(roundHalfEven(hyp.warmup_epochs * iterationsPerEpoch), hyp.warmup_min_iterations);
  const factor = (epoch: number): number =>
    linear
      ? (1 - epoch / (epochs - 1)) * (1 - hyp.lrf) + hyp.lrf
      : ((1 - Math.cos((epoch * Math.PI) / epochs)) / 2) * (hyp.lrf - 1) + 1;
  const warm = (index: number, from: number, to: number): number => interpolate(index, warmupIterations, from, to);

  const at = (index: number): IterationRates => {
    const epoch = Math.floor(index / iterationsPerEpoch);
    const startsEpoch = index % iterationsPerEpoch === 0;
    const warming = index <= warmupIterations;
    if (warming) {
      const target = hyp.lr0 * factor(epoch);
      const weights = warm(index, 0, target);
      return {
        epoch,
        startsEpoch,
        lr: [weights, weights, warm(index, hyp.warmup_bias_lr, target)],
        momentum: optimizer === 'adam' ? hyp.momentum : warm(index, hyp.warmup_momentum, hyp.momentum),
        accumulate: Math.max(roundHalfEven(warm(index, 1, nominalBatchSize / batchSize)), 1),
      };
    }
    const warmedThisEpoch = Math.floor(warmupIterations / iterationsPerEpoch) === epoch;
    const rate = hyp.lr0 * factor(warmedThisEpoch ? epoch : epoch - 1);
    return { epoch, startsEpoch, lr: [rate, rate, rate], momentum: hyp.momentum, accumulate: fullAccumulate };
  };
  return {
    warmupIterations,
    weightDecay: (hyp.weight_decay * batchSize * fullAccumulate) / nominalBatchSize,
    factor,
    at,
  };
}

/**
 * Whether a step follows iteration `index`.
 * @param lastStep iteration of the step before, {@link NO_STEP_YET} at the start
 */
export function stepFollows(index: number, lastStep: number, accumulate: number): boolean {
  return index - lastStep >= accumulate;
}

/** NumPy's interp between (0, from) and (end, to), in its order of operations, because halves are rounded behind it. */
function interpolate(index: number, end: number, from: number, to: number): number {
  return index >= end ? to : ((to - from) / end) * index + from;
}
