/** The launcher's standard error: whole lines, and on a terminal one live line below them. */
import { createLogger, type Logger } from '../proto/telemetry/logger.js';

/** What is needed of a stream. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface TerminalOptions {
  readonly stream: TextStream;
  readonly runId: string;
  readonly logFormat: 'pretty' | 'json';
  readonly progress: 'auto' | 'bar' | 'plain' | 'off';
}

/** The live line may change this often. */
const REDRAW_MS = 100;

export class Terminal {
  readonly #stream: TextStream;
  readonly #json: Logger | undefined;
  readonly #hasBar: boolean;
  #live = '';
  #drawnMs = Number.NEGATIVE_INFINITY;

  /** `pretty`: sentences and tables for people. `json`: one object a line. */
  readonly logFormat: 'pretty' | 'json';
  /** True when progress is shown at all. */
  readonly showsProgress: boolean;

  constructor(options: TerminalOptions) {
    const isTerminal = options.stream.isTTY === true && process.env.TERM !== 'dumb';
    this.#stream = options.stream;
    this.logFormat = options.logFormat;
    this.showsProgress = options.progress !== 'off';
    this.#hasBar =
      isTerminal && options.logFormat !== 'json' && (options.progress === 'auto' || options.progress === 'bar');
    if (options.logFormat === 'json') {
      this.#json = createLogger({
        runId: options.runId,
        role: 'launcher',
        level: 'info',
        stream: { write: (text) => void this.#stream.write(text) },
      });
    }
  }

  /** True where a live line can be shown. */
  get hasLiveLine(): boolean {
    return this.#hasBar;
  }

  /** True where colours are wanted. */
  get hasColours(): boolean {
    if (process.env.NO_COLOR) return false;
    return this.logFormat === 'pretty' && (this.#stream.isTTY === true || Boolean(process.env.FORCE_COLOR));
  }

  /** Width to fit the live line into. */
  get columns(): number {
    return this.#stream.columns ?? 120;
  }

  /** Writes a sentence of the launcher; `fields` go with it in JSON. */
  say(text: string, level: 'info' | 'warn' | 'error' = 'info', fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#json) this.#json[level](fields, text);
    else this.raw(text);
  }

  /** Writes a finished line as it is. */
  raw(line: string): void {
    this.#erase();
    this.#stream.write(`${line}\n`);
    this.#draw();
  }

  /** Replaces the live line; does nothing where there is none. */
  live(text: string, nowMs = performance.now()): void {
    if (!this.#hasBar) return;
    const line = text.slice(0, Math.max(10, this.columns - 1));
    if (line !== '' && nowMs - this.#drawnMs < REDRAW_MS) {
      // The text is kept, so that the next finished line redraws it fresh.
      if (this.#live !== '') this.#live = line;
      return;
    }
    this.#erase();
    this.#live = line;
    this.#drawnMs = nowMs;
    this.#draw();
  }

  #erase(): void {
    if (this.#live !== '') this.#stream.write('\r\x1b[2K');
  }

  #draw(): void {
    if (this.#live !== '') this.#stream.write(this.#live);
  }
}
