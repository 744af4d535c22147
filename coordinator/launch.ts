/** One run on this host, wired together: on the leading host the coordinator and an agent, on the others an agent. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type CompiledRun, withEngine } from '../configs/compile.js';
import type { LaunchSettings } from '../configs/launch-settings.js';
import type { RunConfig } from '../configs/run-config.js';
import { EXIT, type LockstepError, serializeError } from '../proto/errors.js';
import { ResourceStack } from '../proto/lifecycle.js';
import { builtEntry } from '../proto/paths.js';
import { milestone, writeMilestones } from '../proto/telemetry/milestones.js';
import { parseEndpoint, tcpEndpoint } from '../proto/transport/address.js';
import { ControlServer } from '../proto/transport/zmq.js';
import { Agent } from './agent.js';
import { Coordinator } from './coordinator.js';
import { openDataset } from './dataset.js';
import { type ReadyEngine, readyEngine } from './engine.js';
import { rankOfGpu, registerGpuMetrics } from './gpu/metrics.js';
import { GpuSampler } from './gpu/sampler.js';
import { LogRouter } from './log-router.js';
import type { Outcome } from './membership-events.js';
import { createMetrics } from './metrics.js';
import { Progress } from './progress.js';
import { advertisedAddress, bindEndpoint, runToken } from './rendezvous.js';
import { agreedWeights, failureExitCode, formatFailure, formatResults, readSummary } from './report.js';
import { openRunFolder, packageVersion, type RunFolder } from './run-folder.js';
import { makeRuntimeDir, removeRuntimeDir } from './runtime-dir.js';
import { handleSignals } from './signals.js';
import { StatusServer } from './status-server.js';
import { Terminal, type TextStream } from './terminal.js';
import { joinTrace } from './trace.js';
import { RemoteUplink, type Uplink } from './uplink.js';

export interface LaunchOptions {
  /** Results go here. @defaultValue process.stdout */
  readonly stdout?: TextStream | undefined;
  /** Logs and progress go here. @defaultValue process.stderr */
  readonly stderr?: TextStream | undefined;
  /** The worker program. @defaultValue the built worker/main */
  readonly workerEntry?: string | undefined;
  /** Looks for the data set on a host that does not lead. @defaultValue reads it, and draws a generated one */
  readonly openDataset?: ((yamlPath: string) => Promise<unknown>) | undefined;
}

/**
 * Runs what was compiled, to its end.
 * @returns the exit code: 0, 75 when stopped with a checkpoint, 130/143 when stopped hard, else that of the failure
 * @throws LockstepError for what goes wrong before the first worker starts
 */
export async function launchRun(compiled: CompiledRun, options: LaunchOptions = {}): Promise<number> {
  const { launch, config } = compiled;
  const terminal = new Terminal({
    stream: options.stderr ?? process.stderr,
    runId: config?.runId ?? launch.rdzvId,
    logFormat: launch.logFormat,
    progress: launch.progress,
  });
  for (const warning of compiled.warnings) terminal.say(`warning: ${warning}`, 'warn');
  await using resources = new ResourceStack();
  return await (config
    ? lead(config, launch, terminal, resources, options)
    : follow(launch, terminal, resources, options));
}

async function lead(
  compiled: RunConfig,
  launch: LaunchSettings,
  terminal: Terminal,
  resources: ResourceStack,
  options: LaunchOptions,
): Promise<number> {
  const version = packageVersion();
  const token = runToken(launch);
  // Ports first: a taken one must show before the engine is staged and the folder made.
  const server = resources.use(await ControlServer.open(await bindEndpoint(launch)));
  let coordinator: Coordinator | undefined;
  const metrics = createMetrics(compiled, version);
  const status = resources.use(
    await StatusServer.open({
      host: launch.metricsHost,
      port: launch.metricsPort,
      registry: metrics.registry,
      isReady: () => coordinator?.ready ?? false,
    }),
  );
  terminal.say(`metrics at ${status.url}/metrics`, 'info', { url: status.url });
  milestone('sockets');
  // Another engine gives other bits, so a resumed run keeps its own unless asked.
  const wanted = compiled.resume !== '' && launch.engine === 'auto' ? compiled.engine : launch.engine;
  const engine = await readyEngine(launch, wanted, terminal);
  milestone('engine files');
  const config = withEngine(compiled, engine);
  if (engine.usesGpus) {
    const onFigures = registerGpuMetrics(metrics.registry, rankOfGpu(launch.devices, 0));
    resources.use(GpuSampler.start({ onFigures }));
  }
  const folder = openRunFolder(config, version);
  folder.update({ metricsUrl: status.url });
  terminal.say(`run folder ${config.saveDir}`, 'info', { saveDir: config.saveDir });

  const progress = new Progress(terminal, config.epochs);
  coordinator = resources.use(
    new Coordinator({
      config,
      numNodes: launch.nnodes,
      workersPerNode: launch.nproc,
      version,
      token,
      server,
      observe: (event) => {
        progress.observe(event);
        metrics.observe(event);
      },
      joinTimeoutMs: launch.joinTimeoutMs,
      drainTimeoutMs: launch.drainTimeoutMs,
      stallTimeoutMs: launch.stallTimeoutMs,
    }),
  );
  const leader = coordinator;
  const agent = makeAgent(coordinator.connectLocal(), launch, terminal, resources, options, {
    token,
    advertise: await advertisedAddress(launch),
    endpoint: server.endpoint.replace('0.0.0.0', '127.0.0.1'),
    prepareEngine: async () => engine,
    onStarted(pids) {
      milestone('workers started');
      writeMilestones('launcher');
      folder.update({ workerPids: pids });
    },
  });
  const restoreSignals = handleSignals({
    drain(reason, exitCode) {
      terminal.say(`${reason}: all ranks finish the same step and save; once more stops at once`, 'warn');
      leader.drain(reason, exitCode);
    },
    stop(reason, exitCode) {
      terminal.say(`${reason}: stopping at once, without saving`, 'warn');
      leader.stop(reason, exitCode);
      void agent.stop('at once');
    },
    kill: () => agent.killNow(),
  });
  resources.use(restoreSignals);
  // A failure of this host's own part reaches the others as an abort, and the caller as it is.
  let failed: unknown;
  const local = agent.run().catch((error: unknown) => {
    failed = error;
    leader.stop(error instanceof Error ? error.message : String(error), EXIT.failed);
  });
  const outcome = await leader.outcome;
  await local;
  if (outcome.kind !== 'finished') await joinTrace(config, terminal);
  const wasStopped = outcome.kind === 'stopped' && outcome.exitCode !== EXIT.failed;
  if (failed !== undefined && !wasStopped) {
    folder.update({ endedAt: new Date().toISOString(), failure: serializeError(failed) });
    throw failed;
  }
  const exitCode = conclude(outcome, config, folder, terminal, options.stdout ?? process.stdout);
  folder.update({ endedAt: new Date().toISOString(), exitCode });
  return exitCode;
}

async function follow(
  launch: LaunchSettings,
  terminal: Terminal,
  resources: ResourceStack,
  options: LaunchOptions,
): Promise<number> {
  const rendezvous = launch.rdzvEndpoint ?? { host: '127.0.0.1', port: 0 };
  const endpoint = tcpEndpoint(rendezvous.host.replace(/^\[|\]$/g, ''), rendezvous.port);
  terminal.say(`waiting for the coordinator at ${endpoint}`);
  const token = runToken(launch);
  const uplink = resources.use(
    new RemoteUplink({
      endpoint,
      identity: `host-${hostname()}-${process.pid}-${Math.round(performance.timeOrigin)}`,
      runId: launch.rdzvId,
      token,
    }),
  );
  const agent = makeAgent(uplink, launch, terminal, resources, options, {
    token,
    advertise: await advertisedAddress(launch),
    endpoint,
    async prepareEngine(config) {
      // Hosts without a shared disk draw the generated data set themselves; others find theirs at the same path.
      if (existsSync(config.data.yaml)) await (options.openDataset ?? openDataset)(config.data.yaml);
      return readyEngine(launch, config.engine, terminal);
    },
    onStarted: (pids) => terminal.say(`${pids.length} worker(s) started`),
  });
  let stoppedWith: number | undefined;
  resources.use(
    handleSignals({
      drain(reason, exitCode) {
        if (!agent.hasStarted) {
          stoppedWith = exitCode;
          void agent.stop('at once');
          return;
        }
        terminal.say(`${reason}: asking all hosts to stop; once more stops this host at once`, 'warn');
        stoppedWith = EXIT.stoppedWithCheckpoint;
        uplink.send({ drain: { reason: `${reason} on ${hostname()}` } });
      },
      stop(reason, exitCode) {
        terminal.say(`${reason}: stopping this host at once`, 'warn');
        stoppedWith = exitCode;
        void agent.stop('at once');
      },
      kill: () => agent.killNow(),
    }),
  );
  let aborted: LockstepError | undefined;
  void agent.aborted.then((error) => {
    aborted = error;
    terminal.say(`stopping this host's workers: ${error.message}`, 'error', { code: error.code });
  });
  try {
    await agent.run();
  } catch (error) {
    if (stoppedWith === undefined) throw error;
  }
  if (stoppedWith !== undefined) return stoppedWith;
  if (aborted) throw aborted;
  terminal.say('all workers of this host are done; the results are on host 0');
  return EXIT.ok;
}

interface HostPart {
  readonly token: string;
  readonly advertise: string;
  /** The coordinator's endpoint for this host's workers. */
  readonly endpoint: string;
  prepareEngine(config: RunConfig): Promise<ReadyEngine>;
  onStarted(pids: readonly number[]): void;
}

function makeAgent(
  uplink: Uplink,
  launch: LaunchSettings,
  terminal: Terminal,
  resources: ResourceStack,
  options: LaunchOptions,
  part: HostPart,
): Agent {
  const master = parseEndpoint(part.endpoint);
  const runtimeDir = makeRuntimeDir();
  const agent = new Agent({
    uplink,
    launch,
    version: packageVersion(),
    advertise: part.advertise,
    master: master.kind === 'tcp' ? { address: master.host, port: master.port } : { address: '', port: 0 },
    token: part.token,
    runtimeDir,
    workerEntry: options.workerEntry ?? builtEntry('worker/main'),
    joinTimeoutMs: launch.joinTimeoutMs,
    prepareEngine: (config) => part.prepareEngine(config),
    openLogs: (config) => new LogRouter(launch.logDir || join(config.saveDir, 'logs'), terminal),
    onStarted: (workers) => part.onStarted(workers.map((worker) => worker.pid)),
  });
  // However this process ends, short of SIGKILL, nothing stays behind.
  const lastAct = (): void => {
    agent.killNow();
    removeRuntimeDir(runtimeDir);
  };
  process.once('exit', lastAct);
  resources.use(() => {
    lastAct();
    process.off('exit', lastAct);
  });
  return agent;
}

function conclude(
  outcome: Outcome,
  config: RunConfig,
  folder: RunFolder,
  terminal: Terminal,
  stdout: TextStream,
): number {
  switch (outcome.kind) {
    case 'failed':
      folder.update({ failure: outcome.cause });
      for (const line of formatFailure(outcome.cause, config, new Date())) terminal.say(line, 'error');
      return failureExitCode(outcome.cause);
    case 'stopped':
      terminal.say(
        `stopped: ${outcome.reason}; the last checkpoint, if there is one, is whole: continue with --resume`,
        'warn',
      );
      return outcome.exitCode;
    case 'finished': {
      const weightsSha256 = agreedWeights(outcome.farewells);
      const resumable = outcome.farewells.some((farewell) => farewell.rank === 0 && farewell.resumable);
      const summary = readSummary(outcome.farewells, config.mode);
      folder.update({ weightsSha256, summary });
      for (const line of formatResults(config, summary, weightsSha256, resumable, process.cwd()))
        stdout.write(`${line}\n`);
      return resumable ? EXIT.stoppedWithCheckpoint : EXIT.ok;
    }
  }
}
