/** What a model costs, and the table that is printed at start. */
import { numElements, type Program } from '../engine/program.js';
import type { Model } from './model.js';
import { traceNetwork } from './network.js';

/** One printed row. */
export interface LayerRow {
  readonly index: number;
  /** As in the YAML. */
  readonly from: string;
  readonly repeats: number;
  readonly numParameters: number;
  readonly module: string;
  /** Arguments after scaling: input and output channels, then the rest. */
  readonly arguments: string;
}

/** Rows of the layer table. */
export function layerRows(model: Model): LayerRow[] {
  return model.layers.map(({ index, spec, repeats, block, numParameters, inputs }) => {
    const ins = inputs.map((i) => (i < 0 ? model.inputChannels : model.layers[i]!.block.outChannels));
    const rest = block.outChannels > 0 && ins.length === 1 ? spec.args.slice(1) : spec.args;
    const channels = block.outChannels > 0 ? [...ins, block.outChannels] : ins;
    return {
      index,
      from: spec.from.length === 1 ? String(spec.from[0]) : `[${spec.from.join(', ')}]`,
      repeats,
      numParameters,
      module: spec.module,
      arguments: JSON.stringify(numParameters > 0 ? [...channels, ...rest] : spec.args),
    };
  });
}

/** Work of one image. */
export interface Flops {
  /** Twice the multiply-accumulates of all convolutions. */
  readonly convolutions: number;
  /** As the reference's profiler counts: twice (multiply-accumulates, 4 per batch-norm element, 1 per upsampled element). */
  readonly reported: number;
}

/** Counts the floating-point operations of one image of this size. */
export function countFlops(model: Model, height: number, width: number): Flops {
  const { program } = traceNetwork(model, height, width);
  const elements = (id: number): number => numElements(program.values[id]!.shape);
  let convolutions = 0;
  let others = 0;
  for (const { op, inputs, outputs } of program.nodes) {
    if (op.kind === 'conv2d') convolutions += 2 * elements(outputs[0]!) * macsPerOutput(program, inputs[1]!);
    if (op.kind === 'batchNormInfer') others += 2 * 4 * elements(outputs[0]!);
    if (op.kind === 'upsample2x') others += 2 * elements(outputs[0]!);
  }
  return { convolutions, reported: convolutions + others };
}

function macsPerOutput(program: Program, filter: number): number {
  return numElements(program.values[filter]!.shape.slice(0, 3));
}

/** The one-line summary under the table, in the reference's words. */
export function summaryLine(model: Model): string {
  const { numModules, numParameters } = model;
  const gflops = (countFlops(model, 640, 640).reported / 1e9).toFixed(1);
  return `Model Summary: ${numModules} layers, ${numParameters} parameters, ${numParameters} gradients, ${gflops} GFLOPs`;
}
