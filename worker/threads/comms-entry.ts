/**
 * The comms thread: the only owner of a worker's sockets. It stays responsive while the main thread is inside native code, so it is also the
 * one that beats, reduces, and ends the process when the run is over for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CollectiveError, LockstepError, serializeError } from '../../proto/errors.js';
import type { wire } from '../../proto/messages.js';
import { createLogger } from '../../proto/telemetry/logger.js';
import { type ClockOffset, estimateOffset } from '../trace/clock-offset.js';
import { RankSpans } from '../trace/rank-spans.js';
import { threadTrace } from '../trace/thread-trace.js';
import { CommsControlBlock } from './comms-control-block.js';
import { ControlPlane } from './comms-control-plane.js';
import type { CommsInput, CommsWorkerData } from './comms-input.js';
import type { CommsOutput } from './comms-output.js';
import { PayloadPlane } from './comms-payload-plane.js';
import { watchLifeline } from './lifeline.js';

/** Between the abort and the end of the process: the main thread, if it is awake, may say its last words. */
const LAST_WORDS_MS = 250;
/** How long closing sockets go on delivering. */
const LINGER_MS = 5_000;
/** A round that takes so long gets a line in the log that says who waits for whom. */
const SLOW_ROUND_MS = 3_000;

const port = parentPort!;
const { options, control: sharedControl } = workerData as CommsWorkerData;
const control = new CommsControlBlock(sharedControl);
const log = createLogger({
  runId: options.runId,
  role: 'worker',
  rank: options.rank,
  level: options.logLevel,
  fields: { component: 'comms' },
});
let ending = false;
let collectiveError: LockstepError | undefined;
let roundTimers: NodeJS.Timeout[] = [];
/** What there is of a trace, if the run fails before all ranks have met to write it. */
const spans = new RankSpans();
let tracing: { readonly folder: string; readonly recording: Int32Array } | undefined;
let clockOffset: ClockOffset = estimateOffset([]);

const controlPlane = new ControlPlane(options, control, log, {
  onWorld: joined,
  onRefused: (error) => post({ kind: 'joinFailed', error: serializeError(error) }),
  onDrain: (reason) => {
    control.requestDrain();
    log.info({ reason }, 'drain requested');
  },
  onAbort: abort,
});
const payloadPlane = new PayloadPlane(options, log, {
  onRoundDone: (stats) => {
    clearRoundTimers();
    post({ kind: 'roundDone', stats: { ...stats, numDropped: payloadPlane.numDropped } });
  },
  onFailure: failCollective,
  onResend: () => control.addResend(),
});
const lifeline = options.lifelineFd === undefined ? undefined : watchLifeline(options.lifelineFd, launcherGone);

process.on('uncaughtException', broken);
port.on('message', (input: CommsInput) => {
  handle(input).catch((error: unknown) => {
    // Typed errors belong to the call that caused them; anything else ends the thread, and the main thread hears of it.
    if (!(error instanceof LockstepError)) throw error;
    if (input.kind === 'join') post({ kind: 'joinFailed', error: serializeError(error) });
    else failCollective(error);
  });
});

async function handle(input: CommsInput): Promise<void> {
  switch (input.kind) {
    case 'join': {
      const endpoints = await payloadPlane.bind();
      controlPlane.start({
        rank: options.rank,
        localRank: options.localRank,
        nodeRank: options.nodeRank,
        pid: process.pid,
        host: options.host,
        hostId: options.hostId,
        localEndpoint: endpoints.local,
        remoteEndpoint: endpoints.remote,
        directLocalEndpoint: endpoints.directLocal,
        directRemoteEndpoint: endpoints.directRemote,
        engine: input.engine,
      });
      return;
    }
    case 'phaseName':
      controlPlane.namePhase(input.index, input.name);
      return;
    case 'openAllReduce':
      payloadPlane.openAllReduce(input);
      return;
    case 'relayout':
      payloadPlane.relayout(input);
      return;
    case 'bucketReady':
      if (collectiveError === undefined) payloadPlane.bucketReady(input.round, input.bucket);
      return;
    case 'sumBoard':
      if (collectiveError === undefined) payloadPlane.sumBoard(input.round, input.bucket);
      return;
    case 'hostReady':
      if (collectiveError === undefined) payloadPlane.hostReady(input.round, input.bucket);
      return;
    case 'awaitRound':
      awaitRound(input.round, input.timeoutMs);
      return;
    case 'gather': {
      const blobs = await withTimeout('gather', input.timeoutMs, payloadPlane.blobs.gather(input.bytes));
      post({ kind: 'gathered', id: input.id, blobs }, blobs);
      return;
    }
    case 'broadcast': {
      const bytes = await withTimeout('broadcast', input.timeoutMs, payloadPlane.blobs.broadcast(input.bytes));
      // Rank 0's own bytes may still be on their way to peers, and must not be taken out of this thread.
      post({ kind: 'broadcasted', id: input.id, bytes }, options.rank === 0 ? undefined : [bytes]);
      return;
    }
    case 'report':
      if (!ending) controlPlane.send(input.body);
      if (input.body.failure) saveSpans();
      return;
    case 'trace':
      threadTrace.attach(input.tap);
      tracing = { folder: input.folder, recording: input.tap.recording };
      // Later there may be nobody to ask.
      clockOffset = await controlPlane.clock.measure();
      return;
    case 'traceThread':
      spans.add(input.thread, input.ring);
      return;
    case 'traceOver':
      spans.over();
      return;
    case 'measureClock':
      post({ kind: 'clockMeasured', id: input.id, offset: await controlPlane.clock.measure() });
      return;
    case 'farewell':
      controlPlane.send({ farewell: { ...input.message, rank: options.rank } });
      await controlPlane.flush();
      post({ kind: 'farewellSent' });
      return;
    case 'close':
      await close();
      return;
  }
}

function joined(world: wire.control.World): void {
  join(world).catch((error: unknown) => {
    if (!(error instanceof LockstepError)) throw error;
    post({ kind: 'joinFailed', error: serializeError(error) });
  });
}

async function join(world: wire.control.World): Promise<void> {
  payloadPlane.connect(world);
  controlPlane.setGeneration(world.generation);
  const agreement = await payloadPlane.agreeOnSharedMemory(world);
  if ('reason' in agreement && !agreement.isFine) sharedMemoryRefused(agreement.reason, world.worldSize);
  const sharedMemory =
    'segment' in agreement ? { fd: agreement.segment.fd, required: options.payload === 'shm' } : undefined;
  const { generation, worldSize, configJson } = world;
  log.debug({ generation, worldSize, payload: sharedMemory === undefined ? 'zmq' : 'shm' }, 'world joined');
  post({
    kind: 'joined',
    world: {
      generation,
      rank: options.rank,
      worldSize,
      configJson,
      sharedMemory,
      hosts: payloadPlane.hosts,
      wakeFd: payloadPlane.wakeFd,
    },
  });
}

function sharedMemoryRefused(reason: string, worldSize: number): void {
  if (worldSize === 1) return;
  if (options.payload === 'shm') {
    throw new CollectiveError('COLLECTIVE_NO_SHARED_MEMORY', `--payload shm is not possible: ${reason}`, {
      hint: 'Use --payload auto, which takes sockets where memory cannot be shared.',
      details: { reason },
    });
  }
  if (options.payload !== 'zmq') log.info({ reason }, 'payload goes by sockets');
}

function awaitRound(round: number, timeoutMs: number): void {
  if (collectiveError !== undefined || payloadPlane.isOver(round)) return;
  // A wait that was given up may be repeated.
  clearRoundTimers();
  // In shared memory a round ends without a word to this thread.
  const slow = setTimeout(() => {
    if (!payloadPlane.isOver(round)) log.info(payloadPlane.waitState(round), 'all-reduce waits');
  }, SLOW_ROUND_MS);
  const late = setTimeout(() => {
    if (payloadPlane.isOver(round)) return;
    const state = payloadPlane.waitState(round);
    const what = { local: 'its own bucket', partial: 'partial sums', result: 'results' }[state.phase];
    failCollective(
      new CollectiveError(
        'COLLECTIVE_TIMEOUT',
        `rank ${options.rank} has waited ${timeoutMs / 1000} s in all-reduce ${round}, bucket ${state.bucket}, for ${what} of ` +
          `rank ${state.ranks.join(', ')}`,
        {
          hint: 'Look at what those ranks were doing: their last phase is in the status.',
          details: { ...state, timeoutMs },
        },
      ),
    );
  }, timeoutMs);
  // The thread lives as long as its port; a deadline must not hold it up when it closes.
  roundTimers = [slow.unref(), late.unref()];
}

function clearRoundTimers(): void {
  for (const timer of roundTimers) clearTimeout(timer);
  roundTimers = [];
}

async function withTimeout<T>(call: string, timeoutMs: number, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    const { ranks } = payloadPlane.blobs.waitState();
    const who = ranks.length > 0 ? `bytes of rank ${ranks.join(', ')}` : 'its peers to take its bytes';
    failCollective(
      new CollectiveError(
        'COLLECTIVE_TIMEOUT',
        `rank ${options.rank} has waited ${timeoutMs / 1000} s in ${call} for ${who}`,
        {
          hint: 'Look at what those ranks were doing: their last phase is in the status.',
          details: { phase: call, ranks, timeoutMs },
        },
      ),
    );
  }, timeoutMs);
  timer.unref();
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** The first failure counts: those after it are mostly its consequences. */
function failCollective(error: LockstepError): void {
  if (collectiveError !== undefined || ending) return;
  collectiveError = error;
  clearRoundTimers();
  payloadPlane.fail(error);
  log.error({ err: error }, 'collective failed');
  post({ kind: 'collectiveFailed', error: serializeError(error) });
}

function abort(error: LockstepError): void {
  if (ending) return;
  ending = true;
  control.setAborted();
  clearRoundTimers();
  if (options.killProcess !== false) setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_WORDS_MS);
  log.error({ err: error }, 'run aborted');
  post({ kind: 'aborted', error: serializeError(error) });
  saveSpans();
}

/** Leaves this rank's part of the trace, if the run is traced, for the launcher to join. */
function saveSpans(): void {
  if (tracing === undefined) return;
  const { rank, host, hostId } = options;
  // Rings are read when nobody writes them any more.
  Atomics.store(tracing.recording, 0, 0);
  try {
    const path = spans.save(tracing.folder, { rank, pid: process.pid, host, clock: { hostId, ...clockOffset } });
    if (path !== undefined) log.debug({ path }, 'spans saved');
  } catch (error) {
    log.warn({ err: error }, 'spans not saved');
  }
}

/** Nobody reads our output any more, and nobody waits for last words. */
function launcherGone(): void {
  if (options.killProcess !== false) process.kill(process.pid, 'SIGKILL');
  abort(
    new LockstepError('LAUNCH_LAUNCHER_LOST', 'the launcher of this worker has ended', {
      hint: 'Start the run again; it continues from its last checkpoint with --resume.',
    }),
  );
}

/**
 * Something that nobody expected. A thread that ends with calls of its sockets pending takes the process with it (the binding throws where
 * nobody can catch: SIGABRT, and no word of the cause), so they are closed first.
 */
function broken(error: unknown): void {
  log.error({ err: error }, 'comms thread failed');
  const { message, stack = '' } = serializeError(error);
  post({ kind: 'threadFailed', message });
  if (ending) return;
  collectiveError ??= new CollectiveError('COLLECTIVE_THREAD_FAILED', 'the comms thread has failed');
  // The main thread has no other way to the coordinator than this thread.
  const { code } = collectiveError;
  controlPlane.send({
    failure: { rank: options.rank, code, message: `the comms thread has failed: ${message}`, stack },
  });
  void close();
}

/** Closes all sockets, whatever happens: see {@link broken}. What is still to be delivered has `LINGER_MS`, all together. */
async function close(): Promise<void> {
  ending = true;
  clearRoundTimers();
  lifeline?.close();
  const results = await Promise.allSettled([
    // After a failure nobody waits for our payload any more.
    payloadPlane.close(collectiveError === undefined && !control.aborted ? LINGER_MS : 0),
    controlPlane.close(control.aborted ? 0 : LINGER_MS),
  ]);
  for (const { reason } of results.filter((result) => result.status === 'rejected'))
    log.warn({ err: reason }, 'sockets not closed in good order');
  port.close();
}

function post(output: CommsOutput, transfer?: readonly Uint8Array[]): void {
  const buffers = transfer?.flatMap((bytes) => (bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : []));
  port.postMessage(output, buffers);
}
