import { describe, expect, it } from 'vitest';
import type { BoxLossName } from '../../configs/run-config.js';
import { gradients } from '../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import { assignTargets } from '../../worker/loss/assign.js';
import type { LossOptions } from '../../worker/loss/detection.js';
import { autobalance, initialBalance } from '../../worker/loss/gains.js';
import { availableEngines } from '../support/engines.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';
import { headToEngine, outputLoss, targetFeeds } from '../support/loss-program.js';
import { runOracle } from '../support/oracle.js';
import { type HostTensor, runOnEngine } from '../support/run-on-engine.js';

interface Base {
  nc: number;
  batch: number;
  image_hw: [number, number];
  strides: number[];
  anchors_px: number[][];
  matched_per_layer: number[];
  duplicate_cells_per_layer: number[];
  targets: TensorEntry;
  head: TensorEntry[];
}
interface LossCase {
  name: string;
  base: string;
  box_loss: BoxLossName;
  hyp: {
    box: number;
    obj: number;
    cls: number;
    cls_pw: number;
    obj_pw: number;
    fl_gamma: number;
    anchor_t: number;
    label_smoothing: number;
  };
  gr: number;
  autobalance: boolean;
  sort_obj_iou: boolean;
  balance_initial: number[];
  targets: TensorEntry | null;
  calls: { loss: number; items_box_obj_cls: TensorEntry; balance_after: number[] }[];
  head_grad: TensorEntry[];
}

const fixture = readFixture<{ bases: Record<string, Base>; cases: LossCase[] }>('compute_loss');
const { cases } = fixture;

const pairs = (row: readonly number[]): [number, number][] =>
  Array.from({ length: row.length / 2 }, (_, i) => [row[2 * i]!, row[2 * i + 1]!]);

/** Inputs `head.{layer}`; outputs of the loss and `grad.{layer}`. */
function headProgram(shapes: readonly (readonly number[])[], options: LossOptions) {
  const b = new ProgramBuilder();
  const heads = shapes.map((shape, layer) => b.input(`head.${layer}`, shape));
  const loss = outputLoss(b, heads, options);
  for (const [layer, grad] of gradients(b, loss, heads).entries()) b.output(`grad.${layer}`, grad);
  return b.finish();
}

function prepare(one: LossCase) {
  const base = fixture.bases[one.base]!;
  const [height, width] = base.image_hw;
  const geometry = { strides: base.strides, anchorsPx: base.anchors_px.map(pairs) };
  const targets = tensor(one.targets ?? base.targets).data;
  const layers = assignTargets(targets, geometry, { height, width, anchorT: one.hyp.anchor_t });
  const heads = base.head.map((entry) => headToEngine(tensor(entry).data, entry.shape));
  const options: LossOptions = {
    nc: base.nc,
    numAnchors: base.head[0]!.shape[1]!,
    boxLoss: one.box_loss,
    gains: one.hyp,
    hyp: one.hyp,
    labelSmoothing: one.hyp.label_smoothing,
    gr: one.gr,
    sortObjectness: one.sort_obj_iou,
  };
  const program = headProgram(
    heads.map((head) => head.shape),
    options,
  );
  return { base, layers, heads, program };
}

type Outputs = Record<string, ArrayLike<number>>;

/** Replays the calls of a case and compares each; `run` executes the program. */
function check(
  one: LossCase,
  run: (program: ReturnType<typeof headProgram>, feeds: Record<string, HostTensor>) => Outputs,
): void {
  const { base, layers, heads, program } = prepare(one);
  if (one.targets === null && one.hyp.anchor_t === 4) {
    expect(layers.map((layer) => layer.numRows)).toEqual(base.matched_per_layer);
    expect(layers.map((layer) => layer.lastWriter.filter((mark) => mark === 0).length)).toEqual(
      base.duplicate_cells_per_layer,
    );
  }
  let balance: number[] = one.balance_initial.slice(0, layers.length);
  expect(balance).toEqual(initialBalance(layers.length));
  let outputs: Outputs = {};
  for (const call of one.calls) {
    const feeds = {
      ...targetFeeds(layers, base.batch, { balance, sortObjectness: one.sort_obj_iou }),
      ...Object.fromEntries(heads.map((head, l) => [`head.${l}`, head])),
    };
    outputs = run(program, feeds);
    // 2e-5 relative: the sums run over up to 20 000 terms in another order.
    const close = (got: number, wanted: number, what: string): void => {
      expect(Math.abs(got - wanted), `${what}: ${got} for ${wanted}`).toBeLessThanOrEqual(
        2e-5 * Math.abs(wanted) + 1e-9,
      );
    };
    close(outputs.loss![0]!, call.loss, 'loss');
    const items = tensor(call.items_box_obj_cls).data;
    for (const [i, name] of ['box', 'obj', 'cls'].entries()) close(outputs[name]![0]!, items[i]!, name);
    if (one.autobalance) {
      const objectness = layers.map((_, l) => outputs[`objectness.${l}`]![0]!);
      balance = autobalance(balance, objectness, base.strides);
      for (const [l, weight] of balance.entries()) close(weight, call.balance_after[l]!, 'balance');
    }
  }
  for (const [l, entry] of one.head_grad.entries()) {
    const wanted = headToEngine(tensor(entry).data, entry.shape).data;
    let largest = 0;
    for (const value of wanted) largest = Math.max(largest, Math.abs(value));
    let worst = 0;
    for (const [i, value] of wanted.entries()) worst = Math.max(worst, Math.abs(outputs[`grad.${l}`]![i]! - value));
    expect(worst, `gradient of layer ${l}`).toBeLessThanOrEqual(1e-6 + 1e-4 * largest);
  }
}

describe('the detection loss in double precision', () => {
  it.each(cases)('$name equals the reference', (one) => {
    check(one, (program, feeds) => runOracle(program, feeds));
  });
});

/**
 * Cases that together use every option. An engine of whole graphs compiles each case for about a second, so all of them
 * would take it a minute; every case runs in double precision above.
 */
function casesOfAllOptions(): LossCase[] {
  const seen = new Set<string>();
  return cases.filter(({ base, box_loss, targets, gr, sort_obj_iou, hyp, autobalance: balances }) => {
    const options = Object.entries({
      [box_loss]: true,
      oneClass: fixture.bases[base]!.nc === 1,
      noTargets: targets?.shape[0] === 0,
      blended: gr < 1,
      sorted: sort_obj_iou,
      focal: hyp.fl_gamma > 0,
      smoothed: hyp.label_smoothing > 0,
      weighted: hyp.cls_pw !== 1 || hyp.obj_pw !== 1,
      balances,
    }).flatMap(([name, on]) => (on && !seen.has(name) ? [name] : []));
    for (const name of options) seen.add(name);
    return options.length > 0;
  });
}

describe.each(availableEngines())('the detection loss on $name', ({ open }) => {
  it('equals the reference in cases that use every option between them', { timeout: 120_000 }, async () => {
    const engine = await open();
    for (const one of casesOfAllOptions()) check(one, (program, feeds) => runOnEngine(engine, program, feeds));
    engine.dispose();
  });
});

describe('the golden loss of reference section 4.5', () => {
  const anchorsPx = [pairs([10, 14, 23, 27, 37, 58]), pairs([81, 82, 135, 169, 344, 319])];
  const targets = Float32Array.of(0, 1, 0.3, 0.55, 0.2, 0.25, 1, 2, 0.7, 0.4, 0.6, 0.45, 1, 0, 0.11, 0.83, 0.12, 0.1);
  const shapes = [
    [2, 3, 8, 8, 8],
    [2, 3, 4, 4, 8],
  ];
  const sines = (length: number, phase: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => Math.sin(0.37 * i + phase));
  const heads = shapes.map((shape, l) =>
    headToEngine(
      sines(
        shape.reduce((p, s) => p * s, 1),
        l,
      ),
      shape,
    ),
  );
  const run = (boxLoss: BoxLossName, change: Partial<LossCase['hyp']> = {}, rows = targets, maps = heads) => {
    const hyp = {
      box: 0.05,
      obj: 1,
      cls: 0.5,
      cls_pw: 1,
      obj_pw: 1,
      fl_gamma: 0,
      anchor_t: 4,
      label_smoothing: 0,
      ...change,
    };
    const layers = assignTargets(
      rows,
      { strides: [16, 32], anchorsPx },
      { height: 128, width: 128, anchorT: hyp.anchor_t },
    );
    const options = { nc: 3, numAnchors: 3, boxLoss, gains: hyp, hyp, labelSmoothing: hyp.label_smoothing };
    const program = headProgram(
      maps.map((head) => head.shape),
      options,
    );
    return runOracle(program, {
      ...targetFeeds(layers, 2),
      ...Object.fromEntries(maps.map((head, l) => [`head.${l}`, head])),
    });
  };
  const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

  it.each([
    ['sca', {}, 9.423892, 0.201182, 3.776359, 0.734406, [0.225411, 0.150077]],
    ['iou', {}, 9.185878, 0.085982, 3.772552, 0.734406, [0.222273, 0.146444]],
    ['giou', {}, 9.196732, 0.093323, 3.770637, 0.734406, [0.222741, 0.146811]],
    ['diou', {}, 9.193753, 0.092284, 3.770187, 0.734406, [0.222699, 0.146674]],
    ['ciou', {}, 9.194134, 0.092392, 3.770269, 0.734406, [0.222717, 0.146681]],
    ['sca', { label_smoothing: 0.1 }, 9.427209, 0.201182, 3.776359, 0.736064, undefined],
    ['sca', { fl_gamma: 1.5 }, 3.332987, 0.201182, 1.281799, 0.183513, undefined],
    ['sca', { cls_pw: 2 }, 9.943499, 0.201182, 3.776359, 0.994209, undefined],
    ['sca', { obj_pw: 2 }, 9.424769, 0.201182, 3.776797, 0.734406, undefined],
    ['sca', { anchor_t: 2 }, 9.377068, 0.196267, 3.777758, 0.714509, undefined],
  ] as const)('%s with %j', (boxLoss, change, total, box, obj, cls, norms) => {
    const outputs = run(boxLoss, change);
    // Printed with seven digits of a float32 computation.
    expect(outputs.loss![0]).toBeCloseTo(total, 4.7);
    expect(outputs.box![0]).toBeCloseTo(box, 5.5);
    expect(outputs.obj![0]).toBeCloseTo(obj, 4.9);
    expect(outputs.cls![0]).toBeCloseTo(cls, 5.5);
    for (const [l, length] of (norms ?? []).entries()) expect(norm(outputs[`grad.${l}`]!)).toBeCloseTo(length, 5.5);
  });

  it('zero logits without targets give objectness alone', () => {
    const zeros = heads.map(({ data, shape }) => ({ data: new Float32Array(data.length), shape }));
    const outputs = run('sca', {}, new Float32Array(0), zeros);
    // ln 2 · (4 + 1) per image and layer weight, two images.
    expect(outputs.loss![0]).toBeCloseTo(10 * Math.LN2, 6);
    expect([outputs.box![0], outputs.cls![0]]).toEqual([0, 0]);
    expect(outputs.obj![0]).toBeCloseTo(5 * Math.LN2, 6);
  });

  it('global normalisers make the losses of two microbatches add up to that of the whole batch', () => {
    // Rows of one image, renumbered as image 0.
    const half = (image: number): Float32Array =>
      Float32Array.from(
        [0, 6, 12].filter((at) => targets[at] === image).flatMap((at) => [0, ...targets.subarray(at + 1, at + 6)]),
      );
    const hyp = { box: 0.05, obj: 1, cls: 0.5, cls_pw: 1, obj_pw: 1, fl_gamma: 0 };
    const options: LossOptions = { nc: 3, numAnchors: 3, boxLoss: 'sca', gains: hyp, hyp };
    const assign = (rows: Float32Array) =>
      assignTargets(rows, { strides: [16, 32], anchorsPx }, { height: 128, width: 128, anchorT: 4 });
    const matchCounts = assign(targets).map((layer) => layer.numRows);
    const parts = [0, 1].map((image) => {
      const maps = heads.map(({ data, shape }) => ({
        data: data.slice((image * data.length) / 2, ((image + 1) * data.length) / 2),
        shape: [1, ...shape.slice(1)],
      }));
      const feeds = targetFeeds(assign(half(image)), 1, { matchCounts, numImages: 2 });
      const program = headProgram(
        maps.map((map) => map.shape),
        options,
      );
      return runOracle(program, { ...feeds, ...Object.fromEntries(maps.map((map, l) => [`head.${l}`, map])) })
        .loss![0]!;
    });
    expect(parts[0]! + parts[1]!).toBeCloseTo(run('sca').loss![0]!, 9);
  });
});
