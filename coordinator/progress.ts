/** Shows how a run goes: start-up phases, per epoch a header and a line as in the reference, results after validation. */
import { compressionLine } from './compression-error.js';
import { DataWait, dataWaitLine } from './data-wait.js';
import { clock, columns, memory, significant } from './format.js';
import type { RunEvent } from './observer.js';
import type { Terminal } from './terminal.js';

const EPOCH_HEADER = columns(['Epoch', 'mem', 'box', 'obj', 'cls', 'labels', 'img_size'], 10);
/** Header of validation results. */
export const RESULTS_HEADER = columns(
  ['Class', 'Images', 'Labels', 'P', 'R', 'mAP@.5', 'mAP@.5:.95', '.65', '.75', '.8', '.9'],
  11,
  20,
);

/** Without a terminal: a line at each tenth of an epoch, but not more often than this … */
const PLAIN_MIN_MS = 5_000;
/** … and not more seldom than this. */
const PLAIN_MAX_MS = 30_000;

type StepReport = Extract<RunEvent, { kind: 'step' }>['report'];
type EpochReport = Extract<RunEvent, { kind: 'epoch' }>['report'];
type Heartbeat = Extract<RunEvent, { kind: 'heartbeat' }>['report'];

interface EpochState {
  readonly epoch: number;
  readonly startedMs: number;
  readonly losses: [number, number, number];
  numSteps: number;
  numImages: number;
  stepSeconds: number;
  waitSeconds: number;
}

export class Progress {
  readonly #terminal: Terminal;
  readonly #epochs: number;
  readonly #now: () => number;
  #epoch: EpochState | undefined;
  readonly #dataWait = new DataWait();
  #residentBytes = 0;
  #lastPlainMs = Number.NEGATIVE_INFINITY;
  #lastTenth = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(terminal: Terminal, epochs: number, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#epochs = epochs;
    this.#now = now;
  }

  /** Takes in an event. */
  observe = (event: RunEvent): void => {
    const { showsProgress } = this.#terminal;
    switch (event.kind) {
      case 'membership':
        this.#terminal.say(event.level === 'warn' ? `warning: ${event.text}` : event.text, event.level);
        break;
      case 'aborting':
        this.#terminal.live('');
        this.#terminal.say(`stopping all ranks: ${event.cause.message}`, 'error', {
          code: event.cause.code,
          rank: event.cause.rank,
        });
        break;
      case 'world':
        if (showsProgress)
          this.#terminal.say(
            `${event.engines.length} worker(s) joined after ${event.seconds.toFixed(1)} s: ${summarize(event.engines)}`,
          );
        break;
      case 'started':
        if (showsProgress) this.#started(event.report);
        break;
      case 'phase':
        if (showsProgress && event.report.rank === 0) this.#phase(event.report);
        break;
      case 'heartbeat':
        this.#heartbeat(event.report);
        break;
      case 'step':
        this.#dataWait.add(event.report);
        if (showsProgress && event.report.rank === 0) this.#step(event.report);
        break;
      case 'epoch':
        if (showsProgress) this.#epochEnd(event.report);
        break;
      case 'over':
        this.#terminal.live('');
        break;
      case 'ledger':
        if (showsProgress)
          this.#terminal.say(ledgerLine(event.report), event.report.complete ? 'info' : 'error', {
            epoch: event.report.epoch,
          });
        break;
      case 'workers':
      case 'checkpoint':
      case 'metrics':
      case 'farewell':
        break;
    }
  };

  #started(report: Extract<RunEvent, { kind: 'started' }>['report']): void {
    for (const note of report.notes ?? []) this.#terminal.say(note);
    const parameters = (report.numParameters ?? 0).toLocaleString('en-US');
    const model = `${report.numLayers} layers, ${parameters} parameters, ${significant(report.gflops ?? 0, 3)} GFLOPs`;
    const data = `${report.trainImages} training and ${report.valImages} validation images`;
    this.#terminal.say(`model: ${model}; data: ${data}; epochs ${report.startEpoch} to ${(report.epochs ?? 0) - 1}`);
  }

  #phase(report: Extract<RunEvent, { kind: 'phase' }>['report']): void {
    const { phase = '', done = 0, total = 0, seconds = 0 } = report;
    if ((total ?? 0) > (done ?? 0)) {
      this.#terminal.live(`${phase} ${done}/${total}`, this.#now());
    } else if ((seconds ?? 0) > 0 && phase !== 'validate') {
      this.#terminal.live('');
      this.#terminal.say(`${phase}: ${(seconds ?? 0).toFixed(1)} s`, 'info', { phase, seconds });
    }
  }

  #heartbeat(report: Heartbeat): void {
    if (report.rank === 0) this.#residentBytes = report.residentBytes ?? 0;
  }

  #step(report: StepReport): void {
    const nowMs = this.#now();
    const epoch = report.epoch ?? 0;
    if (this.#epoch?.epoch !== epoch) {
      const startedMs = nowMs - (report.stepSeconds ?? 0) * 1000;
      this.#epoch = { epoch, startedMs, losses: [0, 0, 0], numSteps: 0, numImages: 0, stepSeconds: 0, waitSeconds: 0 };
      this.#lastTenth = 0;
      if (this.#terminal.hasLiveLine || epoch % 10 === 0) this.#terminal.say(EPOCH_HEADER);
    }
    const state = this.#epoch;
    if (!state) return;
    state.numSteps++;
    state.numImages += report.images ?? 0;
    state.stepSeconds += report.stepSeconds ?? 0;
    for (const part of report.phases ?? []) if (part.phase?.endsWith('_wait')) state.waitSeconds += part.seconds ?? 0;
    const losses = [report.boxLoss, report.objLoss, report.clsLoss];
    // Running means over the epoch, as the reference prints them.
    for (const i of [0, 1, 2] as const) state.losses[i] += ((losses[i] ?? 0) - state.losses[i]) / state.numSteps;
    const line = this.#line(state, report, nowMs);
    const done = (report.stepInEpoch ?? 0) + 1;
    const isLast = done >= (report.stepsPerEpoch ?? 0);
    if (this.#terminal.hasLiveLine) {
      if (isLast) {
        this.#terminal.live('', nowMs);
        this.#terminal.say(line);
      } else this.#terminal.live(line, nowMs);
      return;
    }
    const tenth = Math.floor((10 * done) / Math.max(1, report.stepsPerEpoch ?? 1));
    const sinceMs = nowMs - this.#lastPlainMs;
    if (isLast || (tenth > this.#lastTenth && sinceMs >= PLAIN_MIN_MS) || sinceMs >= PLAIN_MAX_MS) {
      this.#lastPlainMs = nowMs;
      this.#lastTenth = tenth;
      this.#terminal.say(line, 'info', { epoch, step: report.step, imagesPerSecond: imagesPerSecond(state, nowMs) });
    }
  }

  #line(state: EpochState, report: StepReport, nowMs: number): string {
    const cells = columns(
      [
        `${state.epoch}/${this.#epochs - 1}`,
        memory(this.#residentBytes),
        ...state.losses.map((loss) => significant(loss, 4)),
        report.targets ?? 0,
        report.imageSize ?? 0,
      ],
      10,
    );
    const done = (report.stepInEpoch ?? 0) + 1;
    const total = report.stepsPerEpoch ?? 0;
    const elapsedSeconds = (nowMs - state.startedMs) / 1000;
    const leftSeconds = (elapsedSeconds / state.numSteps) * (total - done);
    const waitShare = state.stepSeconds > 0 ? Math.round((100 * state.waitSeconds) / state.stepSeconds) : 0;
    return `${cells}  ${done}/${total}  ${significant(imagesPerSecond(state, nowMs), 3)} img/s  ${clock(elapsedSeconds)}<${clock(leftSeconds)}  wait ${waitShare}%`;
  }

  #epochEnd(report: EpochReport): void {
    this.#terminal.live('');
    const { epoch, allreduceHiddenShare: hidden } = report;
    if (hidden !== undefined && hidden !== null && hidden >= 0)
      this.#terminal.say(
        `epoch ${epoch ?? 0}: ${Math.round(100 * hidden)}% of the all-reduce hidden behind computing`,
        'info',
        {
          epoch,
          allreduceHiddenShare: hidden,
        },
      );
    const compression = compressionLine(epoch ?? 0, report.compressionError);
    if (compression !== undefined) {
      this.#terminal.say(compression, 'info', { epoch, compressionError: report.compressionError });
    }
    const wait = this.#dataWait.of(epoch ?? 0);
    if (wait !== undefined) {
      this.#terminal.say(dataWaitLine(epoch ?? 0, wait), 'info', { epoch, dataWaitShare: wait.share });
    }
    if (!report.validated) return;
    const { precision, recall, map50, map, ap65, ap75, ap80, ap90 } = report;
    const values = [precision, recall, map50, map, ap65, ap75, ap80, ap90];
    this.#terminal.say(RESULTS_HEADER);
    this.#terminal.say(
      columns(
        ['all', report.valImages ?? 0, report.labels ?? 0, ...values.map((value) => significant(value ?? 0, 3))],
        11,
        20,
      ),
      'info',
      { epoch: report.epoch, map50, map, best: report.best },
    );
  }
}

function imagesPerSecond(state: EpochState, nowMs: number): number {
  const seconds = (nowMs - state.startedMs) / 1000;
  return seconds > 0 ? state.numImages / seconds : 0;
}

type LedgerReport = Extract<RunEvent, { kind: 'ledger' }>['report'];

/** `epoch 3: 400 of 400 images once, ledger 9f3a…`. */
function ledgerLine({
  epoch,
  images,
  expectedImages,
  unreadable,
  nonFinite,
  checksum,
  complete,
}: LedgerReport): string {
  const apart = [
    ...(unreadable ? [`${unreadable} unreadable`] : []),
    ...(nonFinite ? [`${nonFinite} in steps that were skipped`] : []),
  ];
  const which = apart.length > 0 ? ` (${apart.join(', ')})` : '';
  return `epoch ${epoch ?? 0}: ${images ?? 0} of ${expectedImages ?? 0} images ${complete ? 'once' : 'NOT once'}${which}, ledger ${checksum}`;
}

/** `2 × wasm 4.22.0 on cpu`, kinds in the order of their first rank. */
function summarize(engines: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const engine of engines) counts.set(engine, (counts.get(engine) ?? 0) + 1);
  return [...counts].map(([engine, count]) => `${count} × ${engine}`).join(', ');
}
