/** Oddities of the reference's runs: their settings, checkpoints and files (docs/quirks.md). */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../configs/run-config.js';
import { readCheckpoint } from '../../../worker/checkpoint/checkpoint.js';
import { figures } from '../../../worker/results.js';
import { RunFiles } from '../../../worker/run-files.js';
import { findStartingPoint } from '../../../worker/starting-point.js';
import { compileForTest } from '../../support/run-config.js';
import { useTempFolder } from '../../support/temp-folder.js';
import { smallTrainState } from '../../support/train-state.js';

const inFolder = useTempFolder();

/** A run folder with the checkpoint of its second epoch, not finished. */
async function savedRun(name: string, best: boolean): Promise<{ config: RunConfig; files: RunFiles }> {
  const { model, trainState: state } = smallTrainState();
  const compiled = await compileForTest({ cfg: 'yolov3-tiny', 'box-loss': 'giou' });
  const config = { ...compiled, saveDir: inFolder(name), data: { ...compiled.data, nc: model.nc } };
  const files = new RunFiles(config);
  await files.open(0);
  const progress = {
    ...{ epoch: 2, stepInEpoch: 0, lossSums: [0, 0, 0] as const, bestFitness: 0.5, bestMetrics: {} },
    earlyStopping: { bestFitness: 0.5, bestEpoch: 1 },
    ledger: { epoch: 2, images: 0, unreadable: 0, nonFinite: 0, checksum: '0'.repeat(16) },
  };
  await files.save({ model, state, progress, epoch: 1, fitness: 0.5, metrics: {} }, { best, keep: false });
  return { config, files };
}

describe('settings', () => {
  it('Q1: SCA with a corner term of weight one is the default, the other similarities a flag away', async () => {
    const plain = await compileForTest({ cfg: 'yolov3-tiny' });
    expect([plain.boxLoss, plain.scaAlpha]).toEqual(['sca', 1]);
    for (const name of ['iou', 'giou', 'diou', 'ciou', 'sca']) {
      expect((await compileForTest({ cfg: 'yolov3-tiny', 'box-loss': name })).boxLoss).toBe(name);
    }
    expect((await compileForTest({ cfg: 'yolov3-tiny', 'sca-alpha': '0.5' })).scaAlpha).toBe(0.5);
  });

  it('Q42: iou_t is read and kept, though nothing uses it', async () => {
    expect((await compileForTest({ cfg: 'yolov3-tiny', 'set-hyp': 'iou_t=0.3' })).hyp.iou_t).toBe(0.3);
  });

  it('Q54: several workers without a GPU are a run like any other', async () => {
    const { worldSize, engine } = await compileForTest({ cfg: 'yolov3-tiny', nproc: '2', device: 'cpu' });
    expect(worldSize).toBe(2);
    expect(['tensorflow', 'wasm']).toContain(engine);
  });

  it('Q58: the validation of every epoch suppresses at an IoU of .60; val takes another', async () => {
    expect((await compileForTest({ cfg: 'yolov3-tiny' })).val.iouThres).toBe(0.6);
    const { files } = await savedRun('q58', true);
    const val = await compileForTest({ weights: files.best, 'iou-thres': '0.65' }, { command: 'val' });
    expect(val.val.iouThres).toBe(0.65);
  });
});

describe('a run that is resumed', () => {
  it('Q31, Q32: keeps the epochs and the hyperparameters that it started with', async () => {
    const { config, files } = await savedRun('q32', true);
    const stored = { ...config, epochs: 9, hyp: { ...config.hyp, lr0: 0.007 } };
    writeFileSync(join(config.saveDir, 'config.json'), JSON.stringify(stored));
    const resumed = await compileForTest({ resume: files.last, epochs: '50', hyp: 'low', 'set-hyp': 'lr0=1' });
    expect([resumed.epochs, resumed.hyp.lr0, resumed.seed]).toEqual([9, 0.007, stored.seed]);
    expect(resumed.hyp).toEqual(stored.hyp);
  });
});

describe('an unfinished checkpoint given as --weights', () => {
  it('Q30: lends its weights only: epoch, optimizer and average start afresh', async () => {
    const { config, files } = await savedRun('q30', true);
    const start = await findStartingPoint({ ...config, cfg: '', weights: files.last });
    expect(start.resume).toBeUndefined();
    const resumed = await findStartingPoint({ ...config, cfg: '', resume: files.last });
    expect(resumed.resume?.progress.epoch).toBe(2);
  });

  it('Q30: of a model with other classes lends what fits', async () => {
    const { config, files } = await savedRun('q30b', true);
    const other = { ...config, cfg: '', weights: files.last, data: { ...config.data, nc: config.data.nc + 1 } };
    const start = await findStartingPoint(other);
    expect(start.model.nc).toBe(config.data.nc + 1);
    expect(start.notes.join()).toMatch(/transferred \d+\/\d+ tensors/);
  });
});

describe('files', () => {
  it('Q28: a run that saves at its end only has no best file when its last epoch was not the best, and ends well', async () => {
    const { config, files } = await savedRun('q28', false);
    await files.finish(true);
    expect(existsSync(files.best)).toBe(false);
    expect((await readCheckpoint(files.last)).metadata?.finished).toBe(true);
    expect(config.saveDir).toBe(inFolder('q28'));
  });

  it('Q55: the similarity in use is recorded in the checkpoint and its configuration', async () => {
    const { files } = await savedRun('q55', true);
    const { metadata } = await readCheckpoint(files.best);
    expect(metadata?.boxLoss).toBe('giou');
    expect(metadata?.config).toMatchObject({ boxLoss: 'giou', scaAlpha: 1 });
  });

  it('Q56: an epoch without validation has zeros for figures', () => {
    expect(new Set(Object.values(figures(undefined)))).toEqual(new Set([0]));
  });
});
