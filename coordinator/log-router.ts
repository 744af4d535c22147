/** Takes what workers write, cuts it into whole lines, and gives each line its rank: on the terminal and in rank-N.log. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import pc from 'picocolors';
import { prettyFactory } from 'pino-pretty';
import { LaunchError } from '../proto/errors.js';
import type { Terminal } from './terminal.js';

/** Lines kept of each rank for the report of a failure. */
const NUM_LAST_LINES = 20;
/** A longer line is cut here, so that a worker that never ends its line cannot fill the memory. */
const MAX_LINE_CHARACTERS = 64 * 1024;

type StreamName = 'stdout' | 'stderr';

interface RankLog {
  readonly file: number;
  readonly decoders: Record<StreamName, StringDecoder>;
  readonly partial: Record<StreamName, string>;
  readonly lastLines: string[];
}

export class LogRouter {
  readonly #folder: string;
  readonly #terminal: Terminal;
  readonly #ranks = new Map<number, RankLog>();
  readonly #plain = prettifier(false);
  readonly #pretty: (record: Record<string, unknown>) => string;
  readonly #colours: ReturnType<typeof pc.createColors>;

  /**
   * @param folder made if missing; gets one rank-N.log per rank, appended to
   * @throws LaunchError `LAUNCH_LOG_FOLDER`
   */
  constructor(folder: string, terminal: Terminal) {
    this.#folder = folder;
    this.#terminal = terminal;
    this.#pretty = prettifier(terminal.hasColours);
    this.#colours = pc.createColors(terminal.hasColours);
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
  }

  /** Opens a rank's log; returns what takes its output. */
  open(rank: number): (stream: StreamName, chunk: Buffer) => void {
    const path = join(this.#folder, `rank-${rank}.log`);
    let file: number;
    try {
      file = openSync(path, 'a');
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
    const log: RankLog = {
      file,
      decoders: { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') },
      partial: { stdout: '', stderr: '' },
      lastLines: [],
    };
    this.#ranks.set(rank, log);
    return (stream, chunk) => {
      const lines = (log.partial[stream] + log.decoders[stream].write(chunk)).split('\n');
      log.partial[stream] = lines.pop() ?? '';
      for (const line of lines) this.#route(rank, log, stream, line);
      if (log.partial[stream].length > MAX_LINE_CHARACTERS) {
        this.#route(rank, log, stream, log.partial[stream]);
        log.partial[stream] = '';
      }
    };
  }

  /** Writes out what an ended worker left without a line end. */
  finish(rank: number): void {
    const log = this.#ranks.get(rank);
    if (!log) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = log.partial[stream] + log.decoders[stream].end();
      log.partial[stream] = '';
      if (rest !== '') this.#route(rank, log, stream, rest);
    }
  }

  /** A rank's last lines, oldest first, readable. */
  lastLines(rank: number): readonly string[] {
    return this.#ranks.get(rank)?.lastLines ?? [];
  }

  async close(): Promise<void> {
    for (const [rank, log] of this.#ranks) {
      this.finish(rank);
      closeSync(log.file);
    }
    this.#ranks.clear();
  }

  #route(rank: number, log: RankLog, stream: StreamName, line: string): void {
    const text = line.replace(/\r$/, '');
    try {
      writeSync(log.file, `${text}\n`);
    } catch {
      // A full disk must not end the run; the line still reaches the terminal.
    }
    const record = parseRecord(text);
    const readable = record ? this.#plain(record).trimEnd() : text;
    if (readable !== '') log.lastLines.push(readable);
    if (log.lastLines.length > NUM_LAST_LINES) log.lastLines.shift();
    if (text === '') return;
    if (this.#terminal.logFormat === 'json') {
      this.#terminal.raw(
        record ? text : JSON.stringify({ level: 'info', time: new Date().toISOString(), rank, stream, msg: text }),
      );
      return;
    }
    const prefix = this.#colour(rank)(`[rank ${rank}]`);
    // A record with a stack is several lines; each gets the prefix.
    for (const part of (record ? this.#pretty(record).trimEnd() : text).split('\n'))
      this.#terminal.raw(`${prefix} ${part}`);
  }

  #colour(rank: number): (text: string) => string {
    const palette = [
      this.#colours.cyan,
      this.#colours.magenta,
      this.#colours.green,
      this.#colours.yellow,
      this.#colours.blue,
    ];
    return palette[rank % palette.length] ?? String;
  }
}

function prettifier(colorize: boolean): (record: Record<string, unknown>) => string {
  const format = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname,host,rank,role,runId,generation',
    singleLine: true,
  });
  return (record) => format(record) ?? '';
}

/** A pino record, or undefined for any other text. */
function parseRecord(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    const record = JSON.parse(text) as Record<string, unknown>;
    return 'level' in record && 'time' in record ? record : undefined;
  } catch {
    return undefined;
  }
}

function cannotWrite(path: string, cause: unknown): LaunchError {
  return new LaunchError('LAUNCH_LOG_FOLDER', `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code}`, {
    hint: 'choose another folder with --project or --log-dir',
    cause,
  });
}
