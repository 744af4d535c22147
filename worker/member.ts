/** A worker's life: it opens its engine, joins the world, runs what it is told, and leaves with a farewell or a cause. */
import { hostname } from 'node:os';
import type { RunConfig } from '../configs/run-config.js';
import { serializeError } from '../proto/errors.js';
import { Deferred } from '../proto/lifecycle.js';
import { createLogger, type Logger, type LogLevel } from '../proto/telemetry/logger.js';
import { milestone } from '../proto/telemetry/milestones.js';
import { openEngine } from './engine/registry.js';
import type { WorkerEnvironment } from './environment.js';
import { exitNow } from './exit-now.js';
import { hostId } from './host-id.js';
import type { RunContext, RunOutcome } from './run-context.js';
import { type Comms, openComms } from './threads/comms-client.js';
import { train } from './training-run.js';
import { validate } from './validation-run.js';

/** What a worker does between joining and leaving. */
export type MemberWork = (context: RunContext) => Promise<RunOutcome>;

const configuredWork: MemberWork = (context) => (context.config.mode === 'val' ? validate(context) : train(context));

/**
 * Runs this worker until its end.
 * @param work @defaultValue what the run's configuration says: training or validation
 * @returns the exit code of the process
 */
export async function runMember(env: WorkerEnvironment, work: MemberWork = configuredWork): Promise<number> {
  const log = createLogger({ runId: env.runId, role: 'worker', rank: env.rank, level: env.logLevel as LogLevel });
  // What is thrown where no promise waits for it must not tear the process down around the comms thread's open sockets.
  const crash = new Deferred<never>();
  const onCrash = (error: unknown): void => crash.reject(error);
  process.on('uncaughtException', onCrash);
  try {
    const comms = openComms({
      endpoint: env.coordinator,
      runId: env.runId,
      token: env.token,
      rank: env.rank,
      worldSize: env.worldSize,
      localRank: env.localRank,
      nodeRank: env.nodeRank,
      host: hostname(),
      hostId: hostId(),
      runtimeDir: env.runtimeDir,
      ...(env.remote && { remote: { bindHost: '0.0.0.0', advertiseHost: env.advertise } }),
      payload: env.payload,
      lifelineFd: env.lifelineFd,
      logLevel: env.logLevel as LogLevel,
    });
    const exitCode = await runAndLeave(env, comms, log, work, crash.promise);
    const hasEnded = await comms.close();
    if (!hasEnded) exitNow(exitCode);
    return exitCode;
  } finally {
    process.off('uncaughtException', onCrash);
  }
}

async function runAndLeave(
  env: WorkerEnvironment,
  comms: Comms,
  log: Logger,
  work: MemberWork,
  crash: Promise<never>,
): Promise<number> {
  try {
    const outcome = await Promise.race([joinAndRun(env, comms, log, work), crash]);
    await comms.farewell({
      rank: env.rank,
      ...outcome,
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    });
    return 0;
  } catch (error) {
    return leaveWithCause(env, comms, log, error);
  }
}

async function joinAndRun(env: WorkerEnvironment, comms: Comms, log: Logger, work: MemberWork): Promise<RunOutcome> {
  comms.setProgress(0, 'engine');
  const engine = await openEngine(env.engine, { numThreads: env.threads, device: env.device });
  milestone('engine');
  try {
    comms.setProgress(0, 'join');
    const world = await comms.join({ engine: engine.info });
    milestone('world');
    const config = JSON.parse(world.configJson) as RunConfig;
    log.debug({ ...engine.info, worldSize: world.worldSize, generation: world.generation }, 'joined');
    comms.setProgress(0, 'prepare');
    const context: RunContext = {
      config,
      engine,
      comms,
      rank: env.rank,
      localRank: env.localRank,
      worldSize: world.worldSize,
      log,
    };
    return await work(context);
  } finally {
    engine.dispose();
  }
}

/** Tells the coordinator why this worker cannot go on, unless the coordinator itself ended the run. */
function leaveWithCause(env: WorkerEnvironment, comms: Comms, log: Logger, error: unknown): number {
  const { code, message, hint, details, stack } = serializeError(error);
  log.debug({ err: error }, 'worker failed');
  if (comms.failure === undefined) {
    comms.report({
      failure: {
        rank: env.rank,
        code,
        message,
        hint: hint ?? '',
        detailsJson: JSON.stringify(details ?? {}),
        stack: stack ?? '',
      },
    });
  }
  return 1;
}
