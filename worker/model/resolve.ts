/** Turns a model YAML into a model: channels, repeats, connections, strides, anchors, state. */
import { ModelError } from '../../proto/errors.js';
import { roundHalfEven } from '../../proto/rounding.js';
import { numElements } from '../engine/program.js';
import type { Layer, Model } from './model.js';
import type { Block } from './modules/module.js';
import { LayerArgs } from './modules/module.js';
import { moduleDefinition } from './modules/registry.js';
import { traceNetwork } from './network.js';
import type { LayerSpec, ModelSpec } from './spec.js';
import { type StateEntry, stateOfLeaves } from './state.js';

/** What overrides the YAML. */
export interface ResolveOptions {
  /** Number of classes of the data set. @defaultValue the YAML's */
  readonly nc?: number | undefined;
  /** The hyperparameter `anchors`: anchors per layer, as placeholders for a fit. @defaultValue the YAML's anchors */
  readonly hypAnchors?: number | undefined;
}

/** Side of the image whose maps give the strides, as in the reference. */
const TRACE_SIZE_PX = 256;

/**
 * Works out a model.
 * @throws ModelError `MODEL_BAD_ARGUMENT`, `MODEL_UNSUPPORTED`, `MODEL_NO_HEAD`, `MODEL_BAD_ANCHORS`, `MODEL_BAD_SHAPE`
 */
export function resolveModel(spec: ModelSpec, options: ResolveOptions = {}): Model {
  const nc = options.nc ?? spec.nc;
  const placeholders = options.hypAnchors ?? (typeof spec.anchors === 'number' ? spec.anchors : undefined);
  const numAnchors = placeholders ?? (spec.anchors as readonly number[][])[0]!.length / 2;
  const resolved = resolveLayers(spec, nc, numAnchors);
  const detectIndex = resolved.length - 1;
  const head = resolved[detectIndex];
  if (head?.spec.module !== 'Detect' || resolved.slice(0, -1).some((layer) => layer.spec.module === 'Detect')) {
    throw new ModelError('MODEL_NO_HEAD', `${spec.path}: the last layer must be the one Detect`, {
      hint: 'end the head with [[layers], 1, Detect, [nc, anchors]]',
    });
  }
  const state = resolved.flatMap((layer) => stateOfLeaves(layer.block.leaves, layer.index));
  const trace = traceNetwork(
    { layers: resolved, state, inputChannels: spec.inputChannels },
    TRACE_SIZE_PX,
    TRACE_SIZE_PX,
  );
  const strides = trace.heads.map((shape, l) => {
    const [, height, width] = shape;
    if (height === width && TRACE_SIZE_PX % height! === 0) return TRACE_SIZE_PX / height!;
    const message = `${spec.path}: detection layer ${l} has a ${height}×${width} map for a ${TRACE_SIZE_PX} px image`;
    throw new ModelError('MODEL_BAD_SHAPE', message, { hint: 'the paddings must keep the map sizes whole' });
  });
  const anchorRows =
    placeholders === undefined ? (spec.anchors as readonly number[][]) : placeholderRows(strides.length, placeholders);
  return {
    spec,
    yaml: spec.yaml,
    nc,
    inputChannels: spec.inputChannels,
    layers: resolved.map((layer, i) => ({
      ...layer,
      numParameters: countParameters(state.filter((entry) => entry.layer === i)),
      outStride: i === detectIndex ? 0 : Math.round(TRACE_SIZE_PX / trace.layers[i]![1]!),
    })),
    detectIndex,
    numDetectionLayers: strides.length,
    numAnchors,
    strides,
    anchorsPx: orderedAnchors(spec, anchorRows, strides),
    anchorsArePlaceholders: placeholders !== undefined,
    state,
    numParameters: countParameters(state),
    // The model itself and the sequence that holds its layers.
    numModules: 2 + resolved.reduce((sum, layer) => sum + layer.block.numModules, 0),
  };
}

function resolveLayers(spec: ModelSpec, nc: number, numAnchors: number): Omit<Layer, 'numParameters' | 'outStride'>[] {
  const layers: Omit<Layer, 'numParameters' | 'outStride'>[] = [];
  for (const row of spec.layers) {
    const inputs = row.from.map((from) => (from < 0 ? row.index + from : from));
    const inChannels = inputs.map((i) => (i < 0 ? spec.inputChannels : layers[i]!.block.outChannels));
    const repeats = row.repeats > 1 ? Math.max(roundHalfEven(row.repeats * spec.depthMultiple), 1) : row.repeats;
    layers.push({
      index: row.index,
      spec: row,
      inputs,
      repeats,
      block: resolveBlock(spec, row, inChannels, repeats, nc, numAnchors),
    });
  }
  return layers;
}

function resolveBlock(
  spec: ModelSpec,
  row: LayerSpec,
  inChannels: readonly number[],
  repeats: number,
  nc: number,
  numAnchors: number,
): Block {
  const module = moduleDefinition(row.module);
  const where = `${spec.path}:${row.line}: layer ${row.index}`;
  if (module === undefined) {
    throw new ModelError('MODEL_UNKNOWN_MODULE', `${where}: unknown module '${row.module}'`, {
      hint: 'correct its name',
    });
  }
  let outChannels = 0;
  let args = row.args;
  if (module.takesChannels) {
    const channels = new LayerArgs(args, where, module.name).integer(0, 'channels');
    // The reference leaves a count that equals the head's alone.
    outChannels = channels === numAnchors * (5 + nc) ? channels : Math.ceil((channels * spec.widthMultiple) / 8) * 8;
    args = args.slice(1);
  }
  if (module.absorbsRepeats) args = [repeats, ...args];
  const layerArgs = new LayerArgs(args, where, module.name);
  const create = (name: string, ins: readonly number[]): Block =>
    module.create({ name, inChannels: ins, outChannels, args: layerArgs, nc, numAnchors });
  const name = `model.${row.index}`;
  return module.absorbsRepeats || repeats === 1
    ? create(name, inChannels)
    : sequence(name, inChannels, repeats, create);
}

function sequence(
  name: string,
  inChannels: readonly number[],
  repeats: number,
  create: (name: string, ins: readonly number[]) => Block,
): Block {
  const blocks: Block[] = [];
  let channels = inChannels;
  for (let i = 0; i < repeats; i++) {
    const block = create(`${name}.${i}`, channels);
    blocks.push(block);
    channels = [block.outChannels];
  }
  return {
    outChannels: channels[0]!,
    numModules: 1 + blocks.reduce((sum, block) => sum + block.numModules, 0),
    leaves: blocks.flatMap((block) => block.leaves),
    shortcutAdded: blocks[0]!.shortcutAdded,
    write: (writer, inputs) =>
      blocks.reduce<ReturnType<Block['write']>>((x, block) => block.write(writer, x), [...inputs]),
  };
}

function placeholderRows(numLayers: number, numAnchors: number): number[][] {
  return Array.from({ length: numLayers }, () => Array.from({ length: numAnchors * 2 }, (_, i) => i));
}

/** Anchor pairs per layer, reversed if their areas shrink while the strides grow. */
function orderedAnchors(
  spec: ModelSpec,
  rows: readonly (readonly number[])[],
  strides: readonly number[],
): [number, number][][] {
  if (rows.length !== strides.length) {
    const message = `${spec.path}: ${rows.length} anchor rows for ${strides.length} detection layers`;
    throw new ModelError('MODEL_BAD_ANCHORS', message, { hint: 'give one row per layer that Detect reads' });
  }
  const pairs = rows.map((row) =>
    Array.from({ length: row.length / 2 }, (_, a): [number, number] => [row[2 * a]!, row[2 * a + 1]!]),
  );
  const area = ([width, height]: [number, number]): number => width * height;
  const growth = area(pairs.at(-1)!.at(-1)!) - area(pairs[0]![0]!);
  const strideGrowth = strides.at(-1)! - strides[0]!;
  return Math.sign(growth) * Math.sign(strideGrowth) < 0 ? pairs.reverse() : pairs;
}

function countParameters(state: readonly StateEntry[]): number {
  return state.filter((entry) => entry.group !== undefined).reduce((sum, entry) => sum + numElements(entry.shape), 0);
}
