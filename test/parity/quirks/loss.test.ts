/** Oddities of the reference's loss and target assignment (docs/quirks.md). */
import { describe, expect, it } from 'vitest';
import type { BoxLossName } from '../../../configs/run-config.js';
import { gradients } from '../../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import { assignTargets } from '../../../worker/loss/assign.js';
import { BOX_SIMILARITIES } from '../../../worker/loss/box/registry.js';
import { column } from '../../../worker/loss/columns.js';
import { outputLoss, targetFeeds } from '../../support/loss-program.js';
import { runOracle } from '../../support/oracle.js';

const SIDE_CELLS = 16;
const STRIDE = 8;
const HYP = { cls_pw: 1, obj_pw: 1, fl_gamma: 0 };
const GAINS = { box: 1, obj: 1, cls: 1 };

/**
 * The objectness target of the only matched cell, read off the gradient: of one image and one layer (weight 4) it is
 * 4·(σ − target)/cells, and the logit is 0. Prediction 2,3,7,9 and label 1,1,8,10 in cells, the fifth golden pair.
 */
function objectnessTarget(boxLoss: BoxLossName, scaAlpha = 1): number {
  const label = Float32Array.of(0, 0, 4.5 / SIDE_CELLS, 5.5 / SIDE_CELLS, 7 / SIDE_CELLS, 9 / SIDE_CELLS);
  // Logits of 0 give the anchor's size, so the anchor is the predicted box.
  const geometry = { strides: [STRIDE], anchorsPx: [[[5 * STRIDE, 6 * STRIDE] as const]] };
  const size = { height: SIDE_CELLS * STRIDE, width: SIDE_CELLS * STRIDE, anchorT: 4 };
  const layers = assignTargets(label, geometry, size);
  expect([...layers[0]!.cells]).toEqual([0, 0, 5, 4]);
  const head = new Float32Array(SIDE_CELLS * SIDE_CELLS * 6);
  const cell = (5 * SIDE_CELLS + 4) * 6;
  // The centre lies at 4.5 and 6 cells: 2σ − 0.5 = 0.5 and 1, so σ = 1/2 and 3/4.
  head[cell + 1] = Math.log(3);
  const b = new ProgramBuilder();
  const shape = [1, SIDE_CELLS, SIDE_CELLS, 6];
  const input = b.input('head', shape);
  const loss = outputLoss(b, [input], { nc: 1, numAnchors: 1, boxLoss, scaAlpha, gains: GAINS, hyp: HYP });
  b.output('grad', gradients(b, loss, [input])[0]!);
  const { grad } = runOracle(b.finish(), { head: { data: head, shape }, ...targetFeeds(layers, 1) });
  return 0.5 - (grad![cell + 4]! * SIDE_CELLS * SIDE_CELLS) / 4;
}

it('Q1: every similarity of the paper’s table can be chosen, and the weight of SCA’s corner term', () => {
  // The golden values of reference section 4.1; IoU is inside, so GIoU equals it.
  for (const [name, similarity] of Object.entries({ iou: 0.47619, giou: 0.47619, diou: 0.474267, ciou: 0.474267 })) {
    expect(objectnessTarget(name as BoxLossName)).toBeCloseTo(similarity, 5);
  }
  // SO = 5/7 + 6/9, so CD = SO − 1 − 0.060802 = 0.320150.
  expect(objectnessTarget('sca', 0.5)).toBeCloseTo(5 / 7 + 6 / 9 - 1 - 0.5 * 0.32015, 5);
});

it('Q2: the objectness target of a matched cell is the clamped SCA, far below the IoU, and often 0', () => {
  expect(objectnessTarget('sca')).toBeCloseTo(0.060802, 6);
  // A corner term of twice the weight brings SCA to −0.259.
  expect(objectnessTarget('sca', 2)).toBeCloseTo(0, 9);
});

describe('target assignment', () => {
  const geometry = { strides: [8], anchorsPx: [[[10, 13] as const]] };
  const size = { height: 64, width: 64, anchorT: 4 };

  it('Q5: a centre on whole cells takes its own cell twice more, as the right and the lower neighbour', () => {
    const [layer] = assignTargets(Float32Array.of(0, 0, 0.5, 0.5, 0.2, 0.2), geometry, size);
    const cells = Array.from({ length: layer!.numRows }, (_, row) => [
      ...layer!.cells.subarray(4 * row + 2, 4 * row + 4),
    ]);
    // (y, x): own, left, upper, right, lower.
    expect(cells).toEqual([
      [4, 4],
      [4, 3],
      [3, 4],
      [4, 4],
      [4, 4],
    ]);
  });

  it('Q5: a centre on the far border is relative to the clamped cell, so x is 1', () => {
    const [layer] = assignTargets(Float32Array.of(0, 0, 1, 0.53, 0.2, 0.2), geometry, size);
    // Own cell: column 8 of 8 is clamped to 7; 0.53·8 = 4.24.
    expect([...layer!.cells.subarray(0, 4)]).toEqual([0, 0, 4, 7]);
    expect(layer!.boxesGrid[0]).toBe(1);
    expect(layer!.boxesGrid[1]).toBeCloseTo(0.24, 5);
  });
});

it('Q6: SCA pulls at a perfect prediction too, because epsilon is added before squaring', () => {
  const b = new ProgramBuilder();
  const corners = (name: string) => {
    const boxes = b.input(name, [-1, 4]);
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => column(b, boxes, k));
    return { boxes, x1: x1!, y1: y1!, x2: x2!, y2: y2! };
  };
  const prediction = corners('pred');
  const similarity = BOX_SIMILARITIES.sca(b, prediction, corners('target'), { scaAlpha: 1 });
  b.output('grad', gradients(b, b.sum(similarity), [prediction.boxes])[0]!);
  const box = [0, 0, 10, 10];
  const { grad } = runOracle(b.finish(), { pred: box, target: box });
  // 1/(10·√2) of the diagonal times 1/√2 of the direction (ε, ε): −0.05 for every corner (reference section 4.1).
  for (const slope of grad!) expect(slope).toBeCloseTo(-0.05, 6);
});
