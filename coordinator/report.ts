/** The last words of a run: a table of results, the weights' hash and the next command, or the box of the root cause. */
import { relative } from 'node:path';
import type { RunConfig } from '../configs/run-config.js';
import type { RunSummary, SummaryResults } from '../configs/run-summary.js';
import { CollectiveError, deserializeError } from '../proto/errors.js';
import { clock, columns, significant } from './format.js';
import type { Farewell } from './membership-events.js';
import { RESULTS_HEADER } from './progress.js';
import type { RootCause } from './root-cause.js';

const BOX_WIDTH = 60;

/**
 * The hash of the final weights, which must be the same on all ranks; empty when none was reported.
 * @throws CollectiveError `COLLECTIVE_REPLICAS_DIFFER` naming the ranks that differ from the majority
 */
export function agreedWeights(farewells: readonly Farewell[]): string {
  const ranksByHash = new Map<string, number[]>();
  for (const { weightsSha256, rank } of farewells) {
    const hash = weightsSha256 ?? '';
    ranksByHash.set(hash, [...(ranksByHash.get(hash) ?? []), rank ?? 0]);
  }
  const groups = [...ranksByHash].sort((a, b) => b[1].length - a[1].length);
  if (groups.length <= 1) return groups[0]?.[0] ?? '';
  const listed = groups.map(([hash, ranks]) => `${hash.slice(0, 12) || 'none'} on rank ${ranks.join(', ')}`).join('; ');
  throw new CollectiveError(
    'COLLECTIVE_REPLICAS_DIFFER',
    `the final weights are not the same on all ranks: ${listed}`,
    {
      hint: 'do not use them; run again with --log-level debug and report both logs',
      details: { ranksByHash: Object.fromEntries(groups) },
    },
  );
}

/** Rank 0's summary, or an empty one where it sent none that can be read. */
export function readSummary(farewells: readonly Farewell[], mode: RunSummary['mode']): RunSummary {
  const json = farewells.find((farewell) => (farewell.rank ?? 0) === 0)?.summaryJson;
  if (!json) return { mode };
  try {
    return { ...(JSON.parse(json) as Partial<RunSummary>), mode };
  } catch {
    return { mode };
  }
}

/** Lines that end a good run. Paths are shown relative to `cwd`. */
export function formatResults(
  config: RunConfig,
  summary: RunSummary,
  sha256: string,
  resumable: boolean,
  cwd: string,
): string[] {
  const lines: string[] = [''];
  if (summary.results) {
    lines.push(RESULTS_HEADER);
    lines.push(row('all', summary.valImages, summary.valLabels, summary.results));
    for (const entry of summary.perClass ?? []) lines.push(row(entry.name, summary.valImages, entry.labels, entry));
    lines.push('');
  }
  if (summary.mode === 'train') {
    const epochs = summary.epochs === undefined ? '' : `${summary.epochs} epoch(s)`;
    const time = summary.seconds === undefined ? '' : ` in ${clock(summary.seconds)}`;
    const rate = summary.imagesPerSecond === undefined ? '' : `, ${significant(summary.imagesPerSecond, 3)} images/s`;
    const { allReduceHiddenShare: hidden } = summary;
    const overlap = hidden === undefined ? '' : `, ${Math.round(100 * hidden)}% of the all-reduce hidden`;
    if (epochs) lines.push(`${epochs}${time}${rate}${overlap}${summary.stopReason ? `; ${summary.stopReason}` : ''}`);
    if (summary.bestEpoch !== undefined)
      lines.push(`best epoch ${summary.bestEpoch}, fitness ${significant(summary.bestFitness ?? 0, 4)}`);
  }
  lines.push(`results in ${shown(config.saveDir, cwd)}`);
  if (sha256) lines.push(`weights sha256 ${sha256}`);
  const next = nextCommand(config, summary, resumable, cwd);
  if (next) lines.push(`next: ${next}`);
  return lines;
}

/** Lines of the box that ends a failed run; the stack only for those who asked for the level of developers. */
export function formatFailure(cause: RootCause, config: RunConfig, time: Date): string[] {
  const isVerbose = config.logLevel === 'debug' || config.logLevel === 'trace';
  const field = (name: string, value: string | number | undefined): string[] =>
    value === undefined || value === '' ? [] : [`  ${name.padEnd(9)}: ${value}`];
  const ended =
    cause.signal !== undefined
      ? `signal ${cause.signal} (pid ${cause.pid})`
      : cause.exitCode === undefined
        ? undefined
        : `${cause.exitCode} (pid ${cause.pid})`;
  return [
    '='.repeat(BOX_WIDTH),
    `${config.mode === 'train' ? 'training' : 'validation'} FAILED`,
    '-'.repeat(BOX_WIDTH),
    'Root cause (first observed failure):',
    ...field('what', cause.message),
    ...field('code', cause.code),
    ...field('time', time.toISOString()),
    ...field('host', cause.host),
    ...field('rank', cause.rank),
    ...field('phase', cause.phase),
    ...field('exit', ended),
    ...field('log', cause.rank === undefined ? undefined : `${config.saveDir}/logs/rank-${cause.rank}.log`),
    ...(cause.stack && isVerbose ? ['  stack:', ...cause.stack.split('\n').map((line) => `    ${line}`)] : []),
    ...(cause.lastLines.length > 0 ? ['  last lines:', ...cause.lastLines.map((line) => `    ${line}`)] : []),
    ...field('next', cause.hint),
    '='.repeat(BOX_WIDTH),
  ];
}

/** The exit code of a failed run: that of the worker's own error where it reported one, else 1. */
export function failureExitCode(cause: RootCause): number {
  return cause.fromWorker ? deserializeError({ code: cause.code, message: cause.message }).exitCode : 1;
}

function row(name: string, images: number | undefined, labels: number | undefined, results: SummaryResults): string {
  const { precision, recall, map50, map, ap65, ap75, ap80, ap90 } = results;
  const values = [precision, recall, map50, map, ap65, ap75, ap80, ap90].map((value) => significant(value, 3));
  return columns([name.slice(0, 19), images ?? '', labels ?? '', ...values], 11, 20);
}

function nextCommand(config: RunConfig, summary: RunSummary, resumable: boolean, cwd: string): string | undefined {
  if (resumable)
    return `./launch --resume ${shown(summary.lastWeights ?? `${config.saveDir}/weights/last.safetensors`, cwd)}`;
  if (summary.mode === 'val') return undefined;
  const best = summary.bestWeights ?? summary.lastWeights;
  return best && `./launch val --weights ${shown(best, cwd)}`;
}

function shown(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
