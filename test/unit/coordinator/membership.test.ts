import { describe, expect, test } from 'vitest';
import { Membership } from '../../../coordinator/membership.js';
import type { Decision } from '../../../coordinator/membership-events.js';

const VERSION = '1.0.0';
const node = (from: string, nodeRank: number, extra = {}) =>
  ({
    kind: 'nodeHello',
    from,
    hello: { nodeRank, numWorkers: 2, host: from, pid: 1, lockstepVersion: VERSION, ...extra },
  }) as const;
const worker = (rank: number, pid = 100 + rank) =>
  ({ kind: 'workerHello', from: `w${rank}`, hello: { rank, pid, host: 'h' } }) as const;
const exit = (rank: number, exitCode: number, signal = '') =>
  ({ kind: 'workerExit', exit: { rank, pid: 100 + rank, exitCode, signal, lastLines: [] as string[] } }) as const;
const farewell = (rank: number) => ({ kind: 'farewell', farewell: { rank, weightsSha256: 'a' } }) as const;
const failure = (rank: number, code: string) =>
  ({ kind: 'failure', failure: { rank, code, message: `${code} here` } }) as const;

function running(): Membership {
  const membership = new Membership({ numNodes: 1, workersPerNode: 2, version: VERSION });
  for (const event of [node('local', 0), worker(0), worker(1)]) membership.handle(event);
  return membership;
}

function cause(decisions: Decision[]) {
  const abort = decisions.find((decision) => decision.kind === 'abort');
  return abort?.kind === 'abort' ? abort.cause : undefined;
}

describe('joining', () => {
  test('hosts are assigned once all are there: wishes first, the others in the order of coming', () => {
    const membership = new Membership({ numNodes: 3, workersPerNode: 2, version: VERSION });
    expect(membership.handle(node('b', -1))).toEqual([]);
    expect(membership.handle(node('c', -1))).toEqual([]);
    const assigned = membership
      .handle(node('a', 0))
      .map((decision) => (decision.kind === 'assign' ? [decision.to, decision.nodeRank, decision.firstRank] : []));
    // a wished 0; b came first and gets 1, c gets 2; two workers each.
    expect(assigned).toEqual([
      ['a', 0, 0],
      ['b', 1, 2],
      ['c', 2, 4],
    ]);
  });

  test.each([
    ['MEMBERSHIP_VERSION', { lockstepVersion: '0.9.0' }, 1],
    ['MEMBERSHIP_UNEQUAL_HOSTS', { numWorkers: 3 }, 1],
    ['MEMBERSHIP_RANK_TAKEN', {}, 0],
  ])('a host is refused with %s', (code, extra, wish) => {
    const membership = new Membership({ numNodes: 2, workersPerNode: 2, version: VERSION });
    membership.handle(node('a', 0));
    expect(membership.handle(node('b', wish, extra))).toMatchObject([{ kind: 'refuse', to: 'b', code }]);
  });

  test('a host too many is refused, a repeated hello is not', () => {
    const membership = running();
    expect(membership.handle(node('local', 0))).toEqual([]);
    expect(membership.handle(node('late', 1))).toMatchObject([{ kind: 'refuse', code: 'MEMBERSHIP_FULL' }]);
  });

  test('the world is told to all when the last worker has said hello, and again to one that asks again', () => {
    const membership = new Membership({ numNodes: 1, workersPerNode: 2, version: VERSION });
    membership.handle(node('local', 0));
    expect(membership.handle(worker(1))).toEqual([]);
    const [world] = membership.handle(worker(0));
    expect(world).toMatchObject({ kind: 'world', to: ['w0', 'w1'] });
    expect(membership.handle(worker(1))).toMatchObject([{ kind: 'world', to: ['w1'] }]);
  });

  test('another process under a taken rank, and a rank outside the world, are refused', () => {
    expect(running().handle(worker(1, 999))).toMatchObject([{ kind: 'refuse', code: 'MEMBERSHIP_RANK_TAKEN' }]);
    expect(running().handle(worker(5))).toMatchObject([{ kind: 'refuse', code: 'MEMBERSHIP_UNKNOWN_RANK' }]);
  });

  test('the time to join runs out with the names of those who are missing', () => {
    const membership = new Membership({ numNodes: 1, workersPerNode: 2, version: VERSION });
    membership.handle(node('local', 0));
    membership.handle(worker(0));
    expect(cause(membership.handle({ kind: 'joinTimeout', afterMs: 60_000 }))?.message).toBe(
      'after 60 s rank 1 has not joined',
    );
    expect(running().handle({ kind: 'joinTimeout', afterMs: 60_000 })).toEqual([]);
  });
});

describe('the root cause', () => {
  test('of a signal is decided at once, with phase and step', () => {
    const membership = running();
    membership.handle({ kind: 'heartbeat', rank: 1, step: 12, phase: 'forward' });
    const decided = cause(membership.handle(exit(1, -1, 'SIGKILL')));
    expect(decided).toMatchObject({ rank: 1, signal: 'SIGKILL', code: 'LAUNCH_WORKER_KILLED' });
    expect(decided?.message).toBe('rank 1 (pid 101, host h) was killed by SIGKILL during forward at step 12');
  });

  test("is the worker's own report, also when its exit is seen first", () => {
    const membership = running();
    expect(membership.handle(exit(1, 65))).toMatchObject([{ kind: 'settle' }]);
    expect(cause(membership.handle(failure(1, 'DATA_BAD')))).toMatchObject({ code: 'DATA_BAD', exitCode: 65 });
  });

  test('is the rank that died, not the one that missed it first', () => {
    const membership = running();
    expect(membership.handle(failure(0, 'COLLECTIVE_PEER_LOST'))).toMatchObject([{ kind: 'settle' }]);
    expect(cause(membership.handle(exit(1, -1, 'SIGSEGV')))).toMatchObject({ rank: 1, signal: 'SIGSEGV' });
  });

  test("is a victim's complaint when nothing better comes", () => {
    const membership = running();
    membership.handle(failure(0, 'COLLECTIVE_PEER_LOST'));
    expect(cause(membership.handle({ kind: 'settled' }))).toMatchObject({ rank: 0, code: 'COLLECTIVE_PEER_LOST' });
  });

  test('stays the first one: what happens while all are stopped changes nothing', () => {
    const membership = running();
    membership.handle(failure(1, 'DATA_BAD'));
    membership.handle({ kind: 'settled' });
    expect(membership.handle(exit(0, -1, 'SIGKILL'))).toEqual([]);
    expect(membership.handle({ kind: 'nodeFarewell', nodeRank: 0 })).toMatchObject([
      { kind: 'finish', outcome: { kind: 'failed', cause: { rank: 1, code: 'DATA_BAD' } } },
    ]);
  });

  test('of leaving without a farewell is code 0 without one', () => {
    const membership = running();
    membership.handle(exit(0, 0));
    expect(cause(membership.handle({ kind: 'settled' }))?.message).toContain('left without a farewell');
  });

  test('is what a host says that cannot do its part', () => {
    const event = {
      kind: 'nodeFailure',
      nodeRank: 0,
      failure: { code: 'ENGINE_NOT_INSTALLED', message: 'no compiler' },
    } as const;
    expect(cause(running().handle(event))).toMatchObject({
      code: 'ENGINE_NOT_INSTALLED',
      message: 'host 0 (local): no compiler',
    });
  });

  test('is silence, or a lost host, when these come first', () => {
    expect(cause(running().handle({ kind: 'workerSilent', rank: 0, silentMs: 61_000 }))?.code).toBe(
      'MEMBERSHIP_WORKER_SILENT',
    );
    expect(cause(running().handle({ kind: 'nodeLost', nodeRank: 0, silentMs: 11_000 }))?.code).toBe(
      'MEMBERSHIP_HOST_LOST',
    );
  });
});

describe('the end', () => {
  test('is good when every rank has said farewell and every host is done, in whatever order exits and farewells come', () => {
    const membership = running();
    expect(membership.handle(exit(1, 0))).toMatchObject([{ kind: 'settle' }]);
    membership.handle(farewell(1));
    expect(membership.handle({ kind: 'settled' })).toEqual([]);
    membership.handle(farewell(0));
    membership.handle(exit(0, 0));
    expect(membership.handle({ kind: 'nodeFarewell', nodeRank: 0 })).toMatchObject([
      { kind: 'finish', outcome: { kind: 'finished' } },
    ]);
  });

  test('a drain reaches all joined workers; before the first step it is a stop with the code of the signal', () => {
    expect(running().handle({ kind: 'drain', reason: 'SIGTERM', exitCode: 143 })).toMatchObject([
      { kind: 'drain', to: ['w0', 'w1'] },
    ]);
    const early = new Membership({ numNodes: 1, workersPerNode: 2, version: VERSION });
    early.handle(node('local', 0));
    early.handle({ kind: 'drain', reason: 'SIGTERM', exitCode: 143 });
    expect(early.handle({ kind: 'nodeFarewell', nodeRank: 0 })).toMatchObject([
      { kind: 'finish', outcome: { kind: 'stopped', exitCode: 143 } },
    ]);
  });

  test('does not wait for a host that never answers an abort', () => {
    const membership = running();
    membership.handle({ kind: 'stop', reason: 'second signal', exitCode: 130 });
    expect(membership.handle({ kind: 'abortTimeout' })).toMatchObject([
      { kind: 'finish', outcome: { kind: 'stopped', exitCode: 130 } },
    ]);
  });
});
