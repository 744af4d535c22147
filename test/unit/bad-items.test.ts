import { expect, it } from 'vitest';
import { BadItemLog } from '../../worker/bad-items.js';

it('an unreadable image is told once, with its file and the reason', () => {
  const told: unknown[] = [];
  const log = new BadItemLog({ warn: (fields: unknown) => void told.push(fields) });
  const error = { code: 'DATA_IMAGE_UNREADABLE', message: '/d/a.jpg: cannot be read' };
  const bad = { badItems: [{ index: 3, path: '/d/a.jpg', error }] };
  log.add(0, [undefined, bad]);
  log.add(1, [bad, { badItems: [] }]);
  expect(told).toEqual([
    { epoch: 0, path: '/d/a.jpg', code: 'DATA_IMAGE_UNREADABLE', reason: '/d/a.jpg: cannot be read' },
  ]);
});
