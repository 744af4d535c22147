/** Bottleneck: 1×1 Conv to the hidden channels, 3×3 Conv back, and the input added where the shapes allow it. */
import { convBlock, refuseGroups } from './conv.js';
import type { Block, ModuleDefinition } from './module.js';

/** Settings of one Bottleneck. */
export interface BottleneckSettings {
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Add the input, if the channels agree. */
  readonly shortcut: boolean;
  /** Hidden channels as a fraction of the output's. */
  readonly expansion: number;
}

export function bottleneckBlock({ name, inChannels, outChannels, shortcut, expansion }: BottleneckSettings): Block {
  const hidden = Math.trunc(outChannels * expansion);
  const cv1 = convBlock({ name: `${name}.cv1`, inChannels, outChannels: hidden });
  const cv2 = convBlock({ name: `${name}.cv2`, inChannels: hidden, outChannels, kernel: [3, 3] });
  const shortcutAdded = shortcut && inChannels === outChannels;
  return {
    outChannels,
    numModules: 1 + cv1.numModules + cv2.numModules,
    leaves: [...cv1.leaves, ...cv2.leaves],
    shortcutAdded,
    write(writer, inputs) {
      const [y] = cv2.write(writer, cv1.write(writer, inputs));
      return [shortcutAdded ? writer.b.add(inputs[0]!, y!) : y!];
    },
  };
}

/** Bottleneck(channels, shortcut = true, groups = 1, expansion = 0.5). */
export const bottleneck: ModuleDefinition = {
  name: 'Bottleneck',
  takesChannels: true,
  absorbsRepeats: false,
  create({ name, inChannels, outChannels, args }) {
    refuseGroups(args, 1);
    return bottleneckBlock({
      name,
      inChannels: inChannels[0]!,
      outChannels,
      shortcut: args.boolean(0, 'shortcut', true),
      expansion: args.fraction(2, 'expansion', 0.5),
    });
  },
};
