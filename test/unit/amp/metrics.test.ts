import { expect, it } from 'vitest';
import { createMetrics } from '../../../coordinator/metrics.js';
import { compileForTest } from '../../support/run-config.js';

it('the metrics show the loss scale and count skipped steps by reason, once for all ranks', async () => {
  const config = await compileForTest({ cfg: 'yolov3-tiny', nproc: '2' });
  const { registry, observe } = createMetrics(config, 'test');
  for (const rank of [0, 1]) {
    observe({ kind: 'step', report: { rank, lossScale: 65_536, skipped: '' } });
    observe({ kind: 'step', report: { rank, lossScale: 32_768, skipped: 'gradient' } });
    observe({ kind: 'step', report: { rank, lossScale: 16_384, skipped: 'gradient' } });
    observe({ kind: 'step', report: { rank, lossScale: 8192, skipped: 'loss' } });
  }
  const text = await registry.metrics();
  expect(text).toContain('\nlockstep_loss_scale 8192\n');
  expect(text).toContain('lockstep_skipped_steps_total{reason="gradient"} 2\n');
  expect(text).toContain('lockstep_skipped_steps_total{reason="loss"} 1\n');
});
