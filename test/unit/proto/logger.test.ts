import { expect, it } from 'vitest';
import { TransportError } from '../../../proto/errors.js';
import { createLogger } from '../../../proto/telemetry/logger.js';

it('lines are JSON with run, role, rank, and errors with their code and hint', () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ runId: 'r1', role: 'worker', rank: 0, level: 'info', stream });
  log.debug('not shown');
  log.child({ generation: 2 }).error({ err: new TransportError('TRANSPORT_CLOSED', 'gone', { hint: 'wait' }) }, 'lost');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'error',
    runId: 'r1',
    role: 'worker',
    rank: 0,
    generation: 2,
    msg: 'lost',
    err: { code: 'TRANSPORT_CLOSED', hint: 'wait' },
  });
});

it('pretty lines hold the message and the fields that vary', () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  createLogger({ runId: 'r1', role: 'worker', rank: 1, level: 'info', format: 'pretty', stream }).info(
    { step: 4 },
    'go',
  );
  expect(lines.join('')).toMatch(/INFO.*go.*"rank":1.*"step":4/);
});

it('the stack of an expected error is for the level of developers only', () => {
  const errOf = (level: 'info' | 'debug', error: Error): unknown => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    createLogger({ runId: 'r1', role: 'worker', level, stream }).error({ err: error }, 'lost');
    return (JSON.parse(lines[0]!) as { err: unknown }).err;
  };
  const expected = new TransportError('TRANSPORT_CLOSED', 'gone');
  expect(errOf('info', expected)).not.toHaveProperty('stack');
  expect(errOf('debug', expected)).toHaveProperty('stack');
  expect(errOf('info', new TypeError('a defect'))).toHaveProperty('stack');
});
