/** One logger per process: JSON lines, which the launcher merges, filters and makes pretty. */
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { type Bindings, destination, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import { LockstepError, serializeError } from '../errors.js';

/** Messages are short constant events in lower case; values are fields. */
export type Logger = PinoLogger;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly runId: string;
  /** The kind of process: `launcher`, `coordinator`, `agent`, `worker`. */
  readonly role: string;
  /** The global rank, for workers. */
  readonly rank?: number | undefined;
  readonly level: LogLevel;
  /** `json`: one object a line, for machines. `pretty`: for people. @defaultValue 'json' */
  readonly format?: 'json' | 'pretty' | undefined;
  /** Where lines go. @defaultValue file descriptor 1, written synchronously, from any thread, so that a killed process loses no line */
  readonly stream?: { write(line: string): void } | undefined;
  /** Further fields on every line. */
  readonly fields?: Bindings | undefined;
}

/** Returns a logger whose lines carry `runId`, `role`, `rank`, `host` and `pid`. */
export function createLogger(options: LoggerOptions): Logger {
  const base = {
    runId: options.runId,
    role: options.role,
    ...(options.rank === undefined ? {} : { rank: options.rank }),
    host: hostname(),
    pid: process.pid,
    ...options.fields,
  };
  return pino(
    {
      level: options.level,
      base,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error) => serializeForLog(error, options.level === 'debug' || options.level === 'trace') },
    },
    openStream(options),
  );
}

function openStream(options: LoggerOptions): { write(line: string): void } {
  const sink = options.stream ?? destination({ fd: 1, sync: true });
  if (options.format !== 'pretty') return sink;
  // Workers and their threads write JSON: they need not pay for loading this.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  const prettify = prettyFactory({
    ignore: 'runId,role,host,pid',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    colorize: options.stream === undefined && process.stdout.isTTY === true,
  });
  return {
    write: (line) => {
      sink.write(prettify(line));
    },
  };
}

/** An expected error shows its stack only to developers; one that nobody expected always does. */
function serializeForLog(error: unknown, isVerbose: boolean): unknown {
  if (!(error instanceof LockstepError)) return stdSerializers.err(error as Error);
  const { stack, ...rest } = serializeError(error);
  return isVerbose ? { ...rest, stack } : rest;
}
