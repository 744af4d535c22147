/** A split program, compiled, and one run of it that stops at every synchronisation point. */
import type { DeviceTensor, Engine, Executable, Feeds, OutputHandler } from '../engine/engine.js';
import type { Program } from '../engine/program.js';
import { makeRow } from './merge.js';
import type { SyncPoint } from './rewrite.js';
import { type Segment, splitProgram, valueName } from './split.js';

interface CompiledSegment extends Omit<Segment, 'program'> {
  readonly executable: Executable;
}

/** See {@link SegmentedRun}. */
export class SegmentedExecutable {
  readonly points: readonly SyncPoint[];
  readonly #engine: Engine;
  readonly #segments: readonly CompiledSegment[];

  /**
   * @param finish what is done to each segment before it is compiled @defaultValue nothing
   * @throws EngineError as `Engine.compile` and `splitProgram`
   */
  constructor(engine: Engine, program: Program, name: string, finish = (segment: Program): Program => segment) {
    const { segments, points } = splitProgram(program);
    this.points = points;
    this.#engine = engine;
    const compiled: CompiledSegment[] = [];
    this.#segments = compiled;
    try {
      for (const [index, { program: part, kept, released }] of segments.entries()) {
        compiled.push({ executable: engine.compile(finish(part), { name: `${name}.${index}` }), kept, released });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Starts a run. The feeds stay the caller's and must live until the run is over.
   * @param onOutput receives and owns the outputs of the whole program, as segments make them
   */
  start(feeds: Feeds, onOutput: OutputHandler): SegmentedRun {
    return new SegmentedRun(this.#engine, this.#segments, this.points, feeds, onOutput);
  }

  dispose(): void {
    for (const { executable } of this.#segments) executable.dispose();
  }
}

/** One run, segment by segment. */
export class SegmentedRun {
  readonly #engine: Engine;
  readonly #segments: readonly CompiledSegment[];
  readonly #points: readonly SyncPoint[];
  readonly #onOutput: OutputHandler;
  /** Everything that the next segment can be fed. */
  readonly #feeds: Record<string, DeviceTensor>;
  /** Names in {@link #feeds} that belong to this run. */
  readonly #own = new Set<string>();
  #next = 0;

  constructor(
    engine: Engine,
    segments: readonly CompiledSegment[],
    points: readonly SyncPoint[],
    feeds: Feeds,
    onOutput: OutputHandler,
  ) {
    this.#engine = engine;
    this.#segments = segments;
    this.#points = points;
    this.#feeds = { ...feeds };
    this.#onOutput = onOutput;
  }

  /**
   * Runs the next segment.
   * @returns the row for the point behind it (`makeRow`), undefined behind the last segment
   * @throws EngineError as `Executable.run`
   */
  runSegment(): Float64Array | undefined {
    const index = this.#next++;
    const { executable, kept, released } = this.#segments[index]!;
    const point = this.#points[index];
    const local = new Map<string, ArrayLike<number>>();
    const asked = new Set(point?.local.map(valueName));
    executable.run(this.#feeds, (name, tensor) => {
      const isKept = kept.includes(name);
      if (asked.has(name)) local.set(name, tensor.read());
      if (isKept) this.#keep(name, tensor);
      else if (asked.has(name)) tensor.dispose();
      else this.#onOutput(name, tensor);
    });
    for (const name of released) this.#release(name);
    if (point === undefined) return undefined;
    const [first, second] = point.local.map((id) => local.get(valueName(id))!);
    return makeRow(point.count, first!, second!);
  }

  /** Takes in what was merged at the point behind the last segment that ran. */
  resume(merged: Float64Array): void {
    const { channels, merged: values } = this.#points[this.#next - 1]!;
    for (const [i, id] of values.entries()) {
      const data = Float32Array.from(merged.subarray(i * channels, (i + 1) * channels));
      this.#keep(valueName(id), this.#engine.tensor(data, [channels]));
    }
  }

  /** Gives back whatever a run that did not come to its end still holds. Idempotent. */
  dispose(): void {
    for (const name of [...this.#own]) this.#release(name);
  }

  #keep(name: string, tensor: DeviceTensor): void {
    this.#feeds[name] = tensor;
    this.#own.add(name);
  }

  #release(name: string): void {
    this.#feeds[name]?.dispose();
    delete this.#feeds[name];
    this.#own.delete(name);
  }
}
