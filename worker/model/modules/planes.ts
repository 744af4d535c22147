/** Modules without weights that work on planes: MaxPool2d, ZeroPad2d, Upsample; and Concat along the channels. */
import type { Value } from '../../engine/program.js';
import type { Leaf, ModuleDefinition, NetworkWriter } from './module.js';

/** Writes a square max-pooling; cells beyond the border never win. */
export function writeMaxPool({ b }: NetworkWriter, leaf: Leaf & { kind: 'maxpool' }, x: Value): Value {
  const { kernel, stride, padding: p } = leaf;
  return b.maxPool(x, {
    size: [kernel, kernel],
    strides: [stride, stride],
    padding: { top: p, bottom: p, left: p, right: p },
  });
}

/** MaxPool2d(window, stride = window, padding = 0). */
export const maxPool2d: ModuleDefinition = {
  name: 'MaxPool2d',
  takesChannels: false,
  absorbsRepeats: false,
  create({ name, inChannels, args }) {
    const kernel = args.integer(0, 'window');
    const leaf = {
      kind: 'maxpool' as const,
      name,
      kernel,
      stride: args.integer(1, 'stride', kernel),
      padding: args.integer(2, 'padding', 0, 0),
    };
    return {
      outChannels: inChannels[0]!,
      numModules: 1,
      leaves: [leaf],
      write: (writer, inputs) => [writeMaxPool(writer, leaf, inputs[0]!)],
    };
  },
};

/** ZeroPad2d([left, right, top, bottom]): zeros, which do take part in a pooling behind it. */
export const zeroPad2d: ModuleDefinition = {
  name: 'ZeroPad2d',
  takesChannels: false,
  absorbsRepeats: false,
  create({ name, inChannels, args }) {
    const [left, right, top, bottom, ...rest] = args.integers(0, 'borders');
    if (left === undefined || right === undefined || top === undefined || bottom === undefined || rest.length > 0) {
      throw args.bad(0, 'borders', '[left, right, top, bottom]');
    }
    return {
      outChannels: inChannels[0]!,
      numModules: 1,
      leaves: [{ kind: 'zeropad', name, leftRightTopBottom: [left, right, top, bottom] }],
      write: ({ b }, inputs) => [b.pad2d(inputs[0]!, { left, right, top, bottom })],
    };
  },
};

/** Upsample(None, 2, nearest): the one setting that the models use. */
export const upsample: ModuleDefinition = {
  name: 'Upsample',
  takesChannels: false,
  absorbsRepeats: false,
  create({ name, inChannels, args }) {
    args.expect(0, 'size', [null], false);
    args.expect(1, 'scale', [2], false);
    args.expect(2, 'mode', ['nearest']);
    return {
      outChannels: inChannels[0]!,
      numModules: 1,
      leaves: [{ kind: 'upsample', name }],
      write: ({ b }, inputs) => [b.upsample2x(inputs[0]!)],
    };
  },
};

/** Concat(1): joins its inputs along PyTorch's axis 1, the channels. */
export const concat: ModuleDefinition = {
  name: 'Concat',
  takesChannels: false,
  absorbsRepeats: false,
  create({ inChannels, args }) {
    args.expect(0, 'axis', [1]);
    return {
      outChannels: inChannels.reduce((sum, channels) => sum + channels, 0),
      numModules: 1,
      leaves: [],
      write: ({ b }, inputs) => [b.concat(inputs, 3)],
    };
  },
};
