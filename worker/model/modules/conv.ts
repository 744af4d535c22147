/** Conv: convolution without bias, batch norm, SiLU. The brick of every backbone. */
import type { Value } from '../../engine/program.js';
import type { Block, LayerArgs, Leaf, ModuleDefinition, NetworkWriter } from './module.js';

/** Epsilon that the reference gives every batch norm after building the model. */
export const BATCH_NORM_EPSILON = 1e-3;

/** Settings of one Conv. */
export interface ConvSettings {
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** [height, width] @defaultValue [1, 1] */
  readonly kernel?: readonly [number, number] | undefined;
  /** @defaultValue [1, 1] */
  readonly stride?: readonly [number, number] | undefined;
  /** Border on each side per axis. @defaultValue half the kernel, rounded down */
  readonly padding?: readonly [number, number] | undefined;
  /** SiLU behind the batch norm. @defaultValue true */
  readonly activation?: boolean | undefined;
}

/** Makes a Conv block; other modules are built from it. */
export function convBlock(settings: ConvSettings): Block {
  const { name, inChannels, outChannels, kernel = [1, 1], stride = [1, 1], activation = true } = settings;
  const padding = settings.padding ?? [Math.floor(kernel[0] / 2), Math.floor(kernel[1] / 2)];
  const conv: Leaf & { kind: 'conv' } = {
    kind: 'conv',
    name: `${name}.conv`,
    in: inChannels,
    out: outChannels,
    kernel,
    stride,
    padding,
    bias: false,
  };
  return {
    outChannels,
    numModules: 4,
    leaves: [conv, { kind: 'bn', name: `${name}.bn`, channels: outChannels }],
    write(writer, inputs) {
      const normalized = writeBatchNorm(writer, `${name}.bn`, conv, writeConv(writer, conv, inputs[0]!));
      return [activation ? writer.b.silu(normalized) : normalized];
    },
  };
}

/** Writes the bare convolution of a leaf: [B,H,W,in] → [B,H′,W′,out]. */
export function writeConv({ b, parameter }: NetworkWriter, leaf: Leaf & { kind: 'conv' }, x: Value): Value {
  const [vertical, horizontal] = leaf.padding;
  const padding = { top: vertical, bottom: vertical, left: horizontal, right: horizontal };
  return b.conv2d(x, parameter(`${leaf.name}.weight`), { strides: leaf.stride, padding });
}

function writeBatchNorm(writer: NetworkWriter, name: string, conv: Leaf, x: Value): Value {
  const { b, mode, parameter } = writer;
  if (mode === 'fused') return b.add(x, parameter(`${conv.name}.bias`));
  const scale = parameter(`${name}.weight`);
  const offset = parameter(`${name}.bias`);
  if (mode === 'infer') {
    const mean = parameter(`${name}.running_mean`);
    return b.batchNormInfer(x, scale, offset, mean, parameter(`${name}.running_var`), BATCH_NORM_EPSILON);
  }
  const { y, mean, variance } = b.batchNormTrain(x, scale, offset, BATCH_NORM_EPSILON);
  writer.addBatchStats({ name, mean, variance });
  return y;
}

/** Refuses grouped convolutions, which no shipped model needs and no engine implements. */
export function refuseGroups(args: LayerArgs, position: number): void {
  args.expect(position, 'groups', [1]);
}

/** Conv(channels, kernel = 1, stride = 1, padding = half the kernel, groups = 1, activation = true). */
export const conv: ModuleDefinition = {
  name: 'Conv',
  takesChannels: true,
  absorbsRepeats: false,
  create({ name, inChannels, outChannels, args }) {
    refuseGroups(args, 3);
    return convBlock({
      name,
      inChannels: inChannels[0]!,
      outChannels,
      kernel: args.pair(0, 'kernel', 1),
      stride: args.pair(1, 'stride', 1),
      padding: args.pair(2, 'padding', 0),
      activation: args.boolean(4, 'activation', true),
    });
  },
};
