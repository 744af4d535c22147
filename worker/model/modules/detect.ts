/** Detect: one 1×1 convolution with bias per detection layer, to anchors · (5 + classes) channels. */
import { writeConv } from './conv.js';
import type { ModuleDefinition } from './module.js';

/** Detect(nc, anchors). Its maps are raw: [B,H,W,A·(5+nc)], channel = anchor · (5+nc) + (x, y, w, h, objectness, classes…). */
export const detect: ModuleDefinition = {
  name: 'Detect',
  takesChannels: false,
  absorbsRepeats: false,
  create({ name, inChannels, nc, numAnchors, args }) {
    args.expect(0, 'classes', ['nc', nc]);
    args.expect(1, 'anchors', ['anchors']);
    const out = numAnchors * (5 + nc);
    const convs = inChannels.map((channels, layer) => ({
      kind: 'conv' as const,
      name: `${name}.m.${layer}`,
      in: channels,
      out,
      kernel: [1, 1] as const,
      stride: [1, 1] as const,
      padding: [0, 0] as const,
      bias: true,
    }));
    return {
      outChannels: 0,
      // The head, its list, and the convolutions.
      numModules: 2 + convs.length,
      leaves: [{ kind: 'anchors', name: `${name}.anchors`, numLayers: inChannels.length, numAnchors }, ...convs],
      write: (writer, inputs) =>
        convs.map((conv, layer) => {
          const y = writeConv(writer, conv, inputs[layer]!);
          return writer.b.add(y, writer.parameter(`${conv.name}.bias`));
        }),
    };
  },
};
