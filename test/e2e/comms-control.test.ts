/** The comms thread and its coordinator: reports, draining, aborts, refusals, silence; and the end of a process whose main thread is busy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { encodeEnvelope } from '../../proto/codec.js';
import { builtEntry } from '../../proto/paths.js';
import { ControlServer } from '../../proto/transport/zmq.js';
import { openComms } from '../../worker/threads/comms-client.js';
import { ProcessTrace } from '../../worker/trace/process-trace.js';
import { readRankSpans } from '../../worker/trace/rank-spans.js';
import { ROW_LENGTH } from '../../worker/trace/span-ring.js';
import { ThreadTrace } from '../../worker/trace/thread-trace.js';
import { ENGINE, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { RUN, StubCoordinator } from '../support/stub-coordinator.js';

const { folder, inWorld, optionsOf } = useCommsWorlds();

describe('the control plane', () => {
  it('brings hello, heartbeats with progress, ordered reports and the farewell to the coordinator', async () => {
    await inWorld(1, 'ipc', async ([comms], coordinator) => {
      expect(comms!.world).toMatchObject({ generation: 1, rank: 0, worldSize: 1, configJson: '{"epochs":1}' });
      comms!.setProgress(41, 'forward');
      comms!.setProgress(42, 'backward');
      const { heartbeat } = await coordinator.next((envelope) => envelope.heartbeat?.step === 42);
      expect(heartbeat).toMatchObject({ rank: 0, progress: 2, phase: 'backward' });
      expect(heartbeat!.residentBytes).toBeGreaterThan(1e6);
      for (let step = 0; step < 50; step++) comms!.report({ stepReport: { rank: 0, step } });
      await comms!.farewell({ weightsSha256: 'abc', stopReason: 'done' });
      await comms!.close();
      const { farewell } = await coordinator.next((envelope) => envelope.body === 'farewell');
      expect(farewell).toMatchObject({ rank: 0, weightsSha256: 'abc' });
      const steps = coordinator.received.flatMap((envelope) => envelope.stepReport?.step ?? []);
      expect(steps).toEqual(Array.from({ length: 50 }, (_, step) => step));
      const sequences = coordinator.received.map((envelope) => envelope.sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    });
  });

  it('sets the drain flag, and ignores messages with a wrong token', async () => {
    await inWorld(2, 'ipc', async ([first, second], coordinator) => {
      await coordinator.send(0, { abort: { cause: { message: 'forged' } } }, { token: 'guessed' });
      await coordinator.send(0, { drain: { reason: 'SIGTERM' } });
      // Messages keep their order, so the forged one has been read by then.
      await expect.poll(() => first!.drainRequested).toBe(true);
      expect(first!.failure).toBeUndefined();
      expect(second!.drainRequested).toBe(false);
    });
  });

  it('a worker that fails leaves its spans, once, and none when the ranks have met before', async () => {
    await inWorld(2, 'ipc', async ([first, second], coordinator) => {
      for (const [rank, comms] of [first!, second!].entries()) {
        const recorders = new ProcessTrace();
        recorders.open((thread, ring) => comms.traceThread(thread, ring));
        comms.trace(recorders.tap('comms'), folder());
        const main = new ThreadTrace();
        main.attach(recorders.tap('main'));
        recorders.recording = true;
        main.end('optimizer', main.begin());
        if (rank === 1) comms.traceOver();
        for (let i = 0; i < 2; i++) comms.report({ failure: { rank, code: 'DATA_MISSING', message: 'no image' } });
        await comms.close();
        await coordinator.next((envelope) => envelope.failure?.rank === rank);
      }
      const [capture, ...others] = readRankSpans(folder());
      expect(others).toEqual([]);
      expect(capture).toMatchObject({ rank: 0, clock: { hostId: 'one' } });
      const rows = capture!.threads.map(({ thread, rows }) => [thread, rows.length / ROW_LENGTH]);
      // Main is opened first; what is attached here as well is a second thread of that kind.
      expect(rows).toEqual([
        ['main', 0],
        ['comms', 0],
        ['main', 1],
      ]);
    });
  });

  it('an abort rejects whatever is pending, with the root cause', async () => {
    await inWorld(2, 'ipc', async ([first], coordinator) => {
      const allReduce = first!.openAllReduce(layoutOf(1000, 2));
      const pending = [allReduce.wait(), first!.gather(new Uint8Array(3))];
      const settled = Promise.allSettled(pending);
      const cause = { rank: 1, code: 'DATA_MISSING', message: 'no image', phase: 'forward', hint: 'look' };
      await coordinator.send(0, { abort: { cause } });
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { code: 'MEMBERSHIP_ABORTED', hint: 'look', details: { rank: 1, code: 'DATA_MISSING' } },
        });
        expect(String((outcome as PromiseRejectedResult).reason.message)).toContain(
          'rank 1 in phase "forward": no image',
        );
      }
      expect(() => allReduce.add(0, 0, new Float32Array(1))).toThrow(
        expect.objectContaining({ code: 'MEMBERSHIP_ABORTED' }),
      );
    });
  });

  it('a refusal rejects the join with the code that the coordinator gave', async () => {
    const refusal = { code: 'MEMBERSHIP_RANK_TAKEN', message: 'rank 0 is taken', hint: 'choose another' };
    await using coordinator = await StubCoordinator.open(1, () => ({ refusal }));
    await using comms = openComms(optionsOf(0, 1, coordinator.endpoint));
    await expect(comms.join({ engine: ENGINE })).rejects.toMatchObject(refusal);
  });

  it('a coordinator of another protocol version is named at the join', async () => {
    await using server = await ControlServer.open('tcp://127.0.0.1:0');
    await using comms = openComms(optionsOf(0, 1, server.endpoint));
    const joining = comms.join({ engine: ENGINE });
    const settled = Promise.allSettled([joining]);
    for await (const { peer } of server.messages()) {
      const ours = encodeEnvelope({ ...RUN, generation: 1, sequence: 1 }, { world: { generation: 1, worldSize: 1 } });
      // Field 1 is the major version: tag 0x08, value 1.
      expect([...ours.subarray(0, 2)]).toEqual([0x08, 1]);
      await server.send(peer, Buffer.concat([Buffer.from([0x08, 7]), ours.subarray(2)]));
      break;
    }
    expect(await settled).toMatchObject([{ reason: { code: 'PROTOCOL_VERSION_MISMATCH' } }]);
  });

  it('a join that nobody answers ends at its deadline, or with the caller’s signal', async () => {
    await using coordinator = await StubCoordinator.open(2);
    await using comms = openComms(optionsOf(0, 2, coordinator.endpoint));
    await expect(comms.join({ engine: ENGINE }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'MEMBERSHIP_JOIN_TIMEOUT',
    });
  });

  it('a silent coordinator counts as lost', async () => {
    await using coordinator = await StubCoordinator.open(1);
    await using comms = openComms({
      ...optionsOf(0, 1, coordinator.endpoint),
      coordinatorSilenceMs: 300,
      heartbeatMs: 50,
    });
    await comms.join({ engine: ENGINE });
    const allReduce = comms.openAllReduce(layoutOf(10, 1));
    await expect(allReduce.wait()).rejects.toMatchObject({ code: 'MEMBERSHIP_COORDINATOR_LOST' });
  });
});

describe('a comms thread that fails', () => {
  it('closes its sockets, rejects what is pending with the reason, and leaves the process alive', async () => {
    await using coordinator = await StubCoordinator.open(2);
    const options = [0, 1].map((rank) => optionsOf(rank, 2, coordinator.endpoint, 'tcp'));
    // A ring that is too short for its header is nothing that the thread reckons with. Sockets still wait for frames at that time.
    const script = `
      import { openComms } from ${JSON.stringify(pathToFileURL(builtEntry('worker/threads/comms-client')).href)};
      const ranks = ${JSON.stringify(options)}.map((one) => openComms(one));
      await Promise.all(ranks.map((comms) => comms.join({ engine: ${JSON.stringify(ENGINE)} })));
      const pending = ranks[0].gather(new Uint8Array(0));
      ranks[0].traceThread('main', new SharedArrayBuffer(3));
      await pending.catch(({ code, message }) => console.log(code, message));
      await Promise.all(ranks.map((comms) => comms.close()));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toMatch(/^COLLECTIVE_THREAD_FAILED the comms thread has ended: .*typed array length/);
    // The main thread cannot tell the coordinator any more, so the failing thread does.
    const { failure } = await coordinator.next((envelope) => envelope.body === 'failure');
    expect(failure).toMatchObject({ rank: 0, code: 'COLLECTIVE_THREAD_FAILED' });
    expect(failure!.message).toMatch(/typed array length/);
  });
});

describe('the end of a process with a comms thread', () => {
  /** Runs a script that has joined a world of two as both ranks. Resolves to how it ended. */
  async function runJoined(coordinator: StubCoordinator, ending: string) {
    const options = [0, 1].map((rank) => optionsOf(rank, 2, coordinator.endpoint, 'tcp'));
    const urlOf = (entry: string) => JSON.stringify(pathToFileURL(builtEntry(entry)).href);
    const script = `
      import { openComms } from ${urlOf('worker/threads/comms-client')};
      import { exitNow } from ${urlOf('worker/exit-now')};
      const [comms, peer] = ${JSON.stringify(options)}.map((one) => openComms(one));
      await Promise.all([comms, peer].map((one) => one.join({ engine: ${JSON.stringify(ENGINE)} })));
      ${ending}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [exitCode, signal] = await once(child, 'close');
    return { exitCode, signal, output };
  }

  it('has the exit code that it was given, even if sockets still wait and send', async () => {
    await using coordinator = await StubCoordinator.open(2);
    const layout = JSON.stringify(layoutOf(4_000_000, 4));
    const ended = await runJoined(
      coordinator,
      `const allReduce = comms.openAllReduce(${layout});
      const zeros = new Float32Array(1_000_000);
      for (const v of [0, 1])
        for (const bucket of [0, 1, 2, 3]) {
          allReduce.add(v, bucket * 1_000_000, zeros);
          allReduce.bucketReady(v, bucket);
        }
      comms.gather(new Uint8Array(1)).catch(() => {});
      console.log('last words');
      exitNow(7);`,
    );
    expect(ended).toEqual({ exitCode: 7, signal: null, output: 'last words\n' });
  });

  it('does not wait long for a coordinator that is gone: the thread ends by itself, without being forced', async () => {
    const coordinator = await StubCoordinator.open(1);
    const comms = openComms(optionsOf(0, 1, coordinator.endpoint));
    await comms.join({ engine: ENGINE });
    await coordinator[Symbol.asyncDispose]();
    // ZeroMQ queues 1000 for a peer that is away; the others wait in the thread.
    for (let i = 0; i < 3000; i++) comms.report({ failure: { rank: 0, code: 'COLLECTIVE_TIMEOUT' } });
    expect(await comms.close()).toBe(true);
  }, 20_000);
});

describe('a process whose main thread is busy', () => {
  /** Starts a process that opens comms, then computes without ever returning to its event loop. */
  function startBusyWorker(endpoint: string) {
    const options = { ...optionsOf(0, 1, endpoint), killProcess: true, lifelineFd: 3, logLevel: 'info' };
    const script = `
      import { openComms } from ${JSON.stringify(pathToFileURL(builtEntry('worker/threads/comms-client')).href)};
      const comms = openComms(${JSON.stringify(options)});
      await comms.join({ engine: ${JSON.stringify(ENGINE)} });
      comms.setProgress(1, 'busy');
      for (;;);`;
    return spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
  }

  it('is ended by an abort, after the cause was logged', async () => {
    await using coordinator = await StubCoordinator.open(1);
    const child = startBusyWorker(coordinator.endpoint);
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    await coordinator.next((envelope) => envelope.heartbeat?.phase === 'busy');
    const closed = once(child, 'close');
    await coordinator.send(0, { abort: { cause: { rank: 3, message: 'disk full' } } });
    expect(await closed).toEqual([null, 'SIGKILL']);
    expect(output).toContain('stopped because of rank 3: disk full');
  });

  it('is ended when the launcher’s pipe closes', async () => {
    await using coordinator = await StubCoordinator.open(1);
    const child = startBusyWorker(coordinator.endpoint);
    await coordinator.next((envelope) => envelope.heartbeat?.phase === 'busy');
    const closed = once(child, 'close');
    child.stdio[3]!.destroy();
    expect(await closed).toEqual([null, 'SIGKILL']);
  });
});
