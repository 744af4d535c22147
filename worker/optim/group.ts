/** What an optimizer step works on: flat arrays, and a table that says which elements belong to which group. */

/** Optimizer groups: 0 batch-norm weights, 1 convolution weights (the only ones that decay), 2 biases. */
export type ParameterGroup = 0 | 1 | 2;

/** A run of consecutive elements of one group. Runs that the table leaves out (frozen layers) do not train. */
export interface ParameterRange {
  /** First element in the array of parameters, of the optimizer's buffers, and of the gradients. */
  readonly offset: number;
  readonly length: number;
  readonly group: ParameterGroup;
  /** First element in the array of gradients, where it differs. @defaultValue offset */
  readonly gradientOffset?: number | undefined;
}

/** Rates of one step. */
export interface StepRates {
  /** Learning rate per group. */
  readonly lr: readonly [number, number, number];
  readonly momentum: number;
  /** Decay of group 1, added to its gradient. */
  readonly weightDecay: number;
}

/** A moving average that follows the parameters within a step, while they are in the processor's cache. */
export interface Follower {
  /** Indexed like the parameters. */
  readonly average: Float32Array;
  /** Share of the way to the new parameters that the average moves. */
  readonly rest: number;
}

/**
 * Parameters as ranges, neighbours of one group joined, so that a step is a few long loops.
 * @param parameters in memory order
 */
export function joinRanges(parameters: readonly ParameterRange[]): ParameterRange[] {
  const joined: Required<ParameterRange>[] = [];
  for (const { offset, length, group, gradientOffset = offset } of parameters) {
    const last = joined.at(-1);
    const follows =
      last !== undefined &&
      last.group === group &&
      last.offset + last.length === offset &&
      last.gradientOffset! + last.length === gradientOffset;
    if (follows) joined[joined.length - 1] = { ...last, length: last.length + length };
    else joined.push({ offset, length, group, gradientOffset });
  }
  return joined;
}
