import { expect, it } from 'vitest';
import { data } from '../../proto/messages.js';

it('64-bit fields come back as plain numbers', () => {
  const bytes = data.Header.encode({ versionMajor: 1, round: 2 ** 40 }).finish();
  expect(data.Header.decode(bytes).round).toBe(2 ** 40);
});
