import { expect, it } from 'vitest';
import type { RunConfig } from '../../../configs/run-config.js';
import { createMetrics } from '../../../coordinator/metrics.js';
import type { RunEvent } from '../../../coordinator/observer.js';
import { Progress } from '../../../coordinator/progress.js';
import { Terminal } from '../../../coordinator/terminal.js';

const config = { runId: 'r', saveDir: '/runs/exp', worldSize: 2, epochs: 4, engine: 'wasm', data: { yaml: '/d.yaml' } };

function ledger(epoch: number, images: number, apart: { unreadable?: number; nonFinite?: number } = {}): RunEvent {
  const sums = { checksum: '9f3a000000000001', expectedChecksum: '9f3a000000000001' };
  return {
    kind: 'ledger',
    report: { epoch, images, expectedImages: 400, complete: images === 400, ...sums, ...apart },
  };
}

it('the ledger of an epoch is a line on the terminal', () => {
  let text = '';
  const stream = {
    isTTY: false,
    columns: 200,
    write: (more: string): void => {
      text += more;
    },
  };
  const progress = new Progress(new Terminal({ stream, runId: 'r', logFormat: 'pretty', progress: 'auto' }), 4);
  progress.observe(ledger(3, 400));
  expect(text).toContain('epoch 3: 400 of 400 images once, ledger 9f3a000000000001\n');
  progress.observe(ledger(2, 400, { unreadable: 2, nonFinite: 8 }));
  expect(text).toContain('400 of 400 images once (2 unreadable, 8 in steps that were skipped), ledger');
  progress.observe(ledger(0, 399));
  expect(text).toContain('epoch 0: 399 of 400 images NOT once');
});

it('the ledger counts images by what became of them, and says whether the last epoch was complete', async () => {
  const { registry, observe } = createMetrics(config as unknown as RunConfig, '0.1.0');
  observe(ledger(0, 400, { unreadable: 2 }));
  observe(ledger(1, 400, { nonFinite: 8 }));
  const text = await registry.metrics();
  expect(text).toContain('lockstep_ledger_images_total{result="trained"} 790');
  expect(text).toContain('lockstep_ledger_images_total{result="unreadable"} 2');
  expect(text).toContain('lockstep_ledger_images_total{result="non_finite"} 8');
  expect(text).toContain('lockstep_ledger_complete 1');
  observe(ledger(2, 399));
  expect(await registry.metrics()).toContain('lockstep_ledger_complete 0');
});
