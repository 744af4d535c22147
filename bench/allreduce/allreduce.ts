/** Measures the all-reduce of our workers in turn with torch.distributed's Gloo: `npm run bench -- allreduce`. */
import { ConfigError } from '../../proto/errors.js';
import { readFlags } from '../flags.js';
import { findPython } from '../python.js';
import { formatTable } from '../table.js';
import { type CaseFigures, caseFigures, type SideFigures } from './figures.js';
import { defaultRounds, GRAD_DTYPES, type Lane, type RankResult } from './job.js';
import { runGloo, runOurs } from './sides.js';

/** 4 KB, 1 MB, the gradients of yolov3-tiny, those of yolov3. */
const DEFAULT_BYTES = '4096,1048576,36700160,260046848';

/** What several hosts are compared with: the hierarchy without shared memory. */
const BY_MESSAGES = { payload: 'zmq', collective: 'hierarchical' } as const;

/** Runs the benchmark with its flags. */
export async function benchAllReduce(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    ranks: '2,4',
    bytes: DEFAULT_BYTES,
    payload: 'shm',
    transport: 'ipc',
    'grad-dtype': 'none',
    collective: 'auto',
    hosts: '1',
    rounds: undefined,
    turns: '2',
    'bucket-mb': undefined,
    'no-rival': false,
    python: undefined,
    json: false,
  });
  const lane: Lane = {
    payload: oneOf('payload', flags.payload, ['shm', 'zmq', 'auto']),
    transport: oneOf('transport', flags.transport, ['ipc', 'tcp']),
    gradDtype: oneOf('grad-dtype', flags['grad-dtype'], GRAD_DTYPES),
    collective: oneOf('collective', flags.collective, ['auto', 'direct', 'ring', 'hierarchical']),
    hosts: wholeNumber('hosts', flags.hosts),
  };
  const turns = wholeNumber('turns', flags.turns);
  const python = flags['no-rival'] ? undefined : findPython(flags.python);
  const results: CaseFigures[] = [];
  for (const ranks of flags.ranks.split(',').map((text) => wholeNumber('ranks', text))) {
    for (const bytes of flags.bytes.split(',').map((text) => 4 * Math.ceil(wholeNumber('bytes', text) / 4))) {
      const rounds = flags.rounds === undefined ? defaultRounds(bytes) : wholeNumber('rounds', flags.rounds);
      const bucketBytes =
        flags['bucket-mb'] === undefined ? bytes : wholeNumber('bucket-mb', flags['bucket-mb']) * 2 ** 20;
      const task = { ranks, bytes, rounds };
      const ours: RankResult[][] = [];
      const byMessages: RankResult[][] = [];
      const gloo: RankResult[][] = [];
      for (let turn = 0; turn < turns; turn++) {
        ours.push(await runOurs({ ...task, ...lane, bucketBytes }));
        if (lane.hosts > 1) byMessages.push(await runOurs({ ...task, ...lane, ...BY_MESSAGES, bucketBytes }));
        if (python !== undefined) gloo.push(await runGloo(python, task));
      }
      const figures = caseFigures(task, ours, gloo, byMessages);
      results.push(figures);
      if (flags.json) process.stdout.write(`${JSON.stringify({ ...lane, ...figures })}\n`);
    }
  }
  if (!flags.json) process.stdout.write(`${table(lane, results)}\n`);
}

function table(lane: Lane, results: readonly CaseFigures[]): string {
  const path = lane.payload === 'zmq' || lane.gradDtype !== 'none' ? `zmq/${lane.transport}` : lane.payload;
  const where = lane.hosts > 1 ? `${lane.hosts} hosts, ${lane.payload}` : path;
  const ours = lane.gradDtype === 'none' ? where : `${where} ${lane.gradDtype}`;
  const columns = (name: string) => [`${name} ms`, 'GB/s', 'CPU ms'];
  const messages = lane.hosts > 1 ? columns('messages only') : [];
  const header = ['ranks', 'MB', ...columns(ours), 'copy-in ms', ...messages, ...columns('Gloo'), 'ratio'];
  const side = (figures: SideFigures | undefined) =>
    figures === undefined
      ? ['-', '-', '-']
      : [ms(figures.seconds), (figures.bytesPerSecond / 1e9).toFixed(2), ms(figures.cpuSeconds)];
  const rows = results.map(({ ranks, bytes, ours: own, copySeconds, byMessages, gloo, ratio }) => [
    ...[String(ranks), (bytes / 1e6).toFixed(3), ...side(own), ms(copySeconds)],
    ...(lane.hosts > 1 ? side(byMessages) : []),
    ...[...side(gloo), ratio?.toFixed(2) ?? '-'],
  ]);
  return formatTable(header, rows);
}

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(3);
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ConfigError('CONFIG_USAGE', `--${flag}: '${text}' is not a whole number of at least 1`);
}

function oneOf<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new ConfigError('CONFIG_USAGE', `--${flag}: '${text}' is none of ${choices.join(', ')}`);
}
