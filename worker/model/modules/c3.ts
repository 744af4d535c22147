/** C3: a cross-stage partial block. A chain of bottlenecks beside a plain 1×1 Conv, joined by another. */
import { bottleneckBlock } from './bottleneck.js';
import { convBlock, refuseGroups } from './conv.js';
import type { ModuleDefinition } from './module.js';

/** C3(channels, repeats = 1, shortcut = true, groups = 1, expansion = 0.5). */
export const c3: ModuleDefinition = {
  name: 'C3',
  takesChannels: true,
  absorbsRepeats: true,
  create({ name, inChannels, outChannels, args }) {
    refuseGroups(args, 2);
    const repeats = args.integer(0, 'repeats', 1);
    const shortcut = args.boolean(1, 'shortcut', true);
    const hidden = Math.trunc(outChannels * args.fraction(3, 'expansion', 0.5));
    const side = (which: string) =>
      convBlock({ name: `${name}.${which}`, inChannels: inChannels[0]!, outChannels: hidden });
    const cv1 = side('cv1');
    const cv2 = side('cv2');
    const cv3 = convBlock({ name: `${name}.cv3`, inChannels: 2 * hidden, outChannels });
    const chain = Array.from({ length: repeats }, (_, i) =>
      bottleneckBlock({ name: `${name}.m.${i}`, inChannels: hidden, outChannels: hidden, shortcut, expansion: 1 }),
    );
    const parts = [cv1, cv2, cv3, ...chain];
    return {
      outChannels,
      numModules: 2 + parts.reduce((sum, part) => sum + part.numModules, 0),
      leaves: parts.flatMap((part) => part.leaves),
      write(writer, inputs) {
        const [bypass] = cv2.write(writer, inputs);
        const [deep] = chain.reduce((x, block) => block.write(writer, x), cv1.write(writer, inputs));
        return cv3.write(writer, [writer.b.concat([deep!, bypass!], 3)]);
      },
    };
  },
};
