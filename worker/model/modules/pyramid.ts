/** SPP and SPPF: max-poolings of several window sizes beside the input, so that one cell sees far. */
import type { Value } from '../../engine/program.js';
import { convBlock } from './conv.js';
import type { Block, LayerArgs, Leaf, ModuleDefinition, NetworkWriter } from './module.js';
import { writeMaxPool } from './planes.js';

function pyramid(
  name: string,
  inChannels: number,
  outChannels: number,
  pools: readonly (Leaf & { kind: 'maxpool' })[],
  /** PyTorch modules besides the two Convs: the container and its poolings. */
  numOtherModules: number,
  pooled: (writer: NetworkWriter, x: Value) => Value[],
): Block {
  const hidden = Math.floor(inChannels / 2);
  const cv1 = convBlock({ name: `${name}.cv1`, inChannels, outChannels: hidden });
  const cv2 = convBlock({ name: `${name}.cv2`, inChannels: hidden * 4, outChannels });
  return {
    outChannels,
    numModules: 1 + cv1.numModules + cv2.numModules + numOtherModules,
    leaves: [...cv1.leaves, ...cv2.leaves, ...pools],
    write(writer, inputs) {
      const [x] = cv1.write(writer, inputs);
      return cv2.write(writer, [writer.b.concat([x!, ...pooled(writer, x!)], 3)]);
    },
  };
}

function oddWindow(args: LayerArgs, position: number, window: number): number {
  if (window % 2 === 1) return window;
  throw args.bad(position, 'window', 'odd, so that the map keeps its size');
}

/** SPP(channels, windows = [5, 9, 13]): three poolings side by side. */
export const spp: ModuleDefinition = {
  name: 'SPP',
  takesChannels: true,
  absorbsRepeats: false,
  create({ name, inChannels, outChannels, args }) {
    const windows = args.integers(0, 'windows', [5, 9, 13], 1);
    if (windows.length !== 3) throw args.bad(0, 'windows', 'a list of three');
    const pools = windows.map((window, i) => ({
      kind: 'maxpool' as const,
      name: `${name}.m.${i}`,
      kernel: oddWindow(args, 0, window),
      stride: 1,
      padding: (window - 1) / 2,
    }));
    return pyramid(name, inChannels[0]!, outChannels, pools, 4, (writer, x) =>
      pools.map((pool) => writeMaxPool(writer, pool, x)),
    );
  },
};

/** SPPF(channels, window = 5): the same pooling three times in a row; windows 5, 9, 13 at a third of the work. */
export const sppf: ModuleDefinition = {
  name: 'SPPF',
  takesChannels: true,
  absorbsRepeats: false,
  create({ name, inChannels, outChannels, args }) {
    const window = oddWindow(args, 0, args.integer(0, 'window', 5));
    const pool = { kind: 'maxpool' as const, name: `${name}.m`, kernel: window, stride: 1, padding: (window - 1) / 2 };
    return pyramid(name, inChannels[0]!, outChannels, [pool], 1, (writer, x) => {
      const first = writeMaxPool(writer, pool, x);
      const second = writeMaxPool(writer, pool, first);
      return [first, second, writeMaxPool(writer, pool, second)];
    });
  },
};
