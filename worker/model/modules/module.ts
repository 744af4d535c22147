/**
 * What a layer module is. A module turns the arguments of a YAML row into a {@link Block}: the list of its leaves (from
 * which state names, parameter counts and tables follow) and a function that writes it into a program.
 *
 * Shapes: B batch, H and W height and width of a map, C channels; activations are [B,H,W,C].
 */
import { ModelError } from '../../../proto/errors.js';
import type { ProgramBuilder } from '../../engine/builder.js';
import type { Value } from '../../engine/program.js';
import type { LayerArg } from '../spec.js';

/** An operator with settings or state of its own, under its dotted name. */
export type Leaf =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly in: number;
      readonly out: number;
      /** [height, width] */
      readonly kernel: readonly [number, number];
      readonly stride: readonly [number, number];
      readonly padding: readonly [number, number];
      readonly bias: boolean;
    }
  | { readonly kind: 'bn'; readonly name: string; readonly channels: number }
  | {
      readonly kind: 'maxpool';
      readonly name: string;
      readonly kernel: number;
      readonly stride: number;
      readonly padding: number;
    }
  | { readonly kind: 'upsample'; readonly name: string }
  | {
      readonly kind: 'zeropad';
      readonly name: string;
      readonly leftRightTopBottom: readonly [number, number, number, number];
    }
  | { readonly kind: 'anchors'; readonly name: string; readonly numLayers: number; readonly numAnchors: number };

/** Statistics of one batch-norm layer over a training batch. */
export interface BatchStats {
  /** Such as `model.0.bn`. */
  readonly name: string;
  /** [C] */
  readonly mean: Value;
  /** [C], divided by n − 1 */
  readonly variance: Value;
}

/** Where a module writes itself, and how. */
export interface NetworkWriter {
  readonly b: ProgramBuilder;
  /** `train`: batch statistics. `infer`: running statistics. `fused`: batch norms are folded into the convolutions. */
  readonly mode: 'train' | 'infer' | 'fused';
  /** The value of a state entry, in the engine's layout. */
  readonly parameter: (name: string) => Value;
  readonly addBatchStats: (stats: BatchStats) => void;
}

/** A resolved module. */
export interface Block {
  /** Channels of its output; 0 for the detection head. */
  readonly outChannels: number;
  /** Modules that PyTorch would count, itself included. */
  readonly numModules: number;
  readonly leaves: readonly Leaf[];
  /** For bottlenecks: whether the input is added to the output. */
  readonly shortcutAdded?: boolean | undefined;
  /** Writes the block; one output, or one raw map per layer for the detection head. */
  write(writer: NetworkWriter, inputs: readonly Value[]): Value[];
}

/** What a module is made from. */
export interface ModuleInput {
  /** Dotted prefix such as `model.3` or `model.4.1`. */
  readonly name: string;
  readonly inChannels: readonly number[];
  /** Scaled output channels; 0 for modules that take none. */
  readonly outChannels: number;
  /** Arguments of the YAML row, after the channels. */
  readonly args: LayerArgs;
  readonly nc: number;
  readonly numAnchors: number;
}

/** A module that YAML rows can name. */
export interface ModuleDefinition {
  readonly name: string;
  /** Its first argument is the number of output channels before width scaling. */
  readonly takesChannels: boolean;
  /** Repeats become its next argument instead of a sequence. */
  readonly absorbsRepeats: boolean;
  create(input: ModuleInput): Block;
}

/** Reads the positional arguments of a row with the errors that a user needs. */
export class LayerArgs {
  readonly #args: readonly LayerArg[];
  readonly #where: string;
  readonly #module: string;

  /** @param where file and line, for messages */
  constructor(args: readonly LayerArg[], where: string, module: string) {
    this.#args = args;
    this.#where = where;
    this.#module = module;
  }

  get length(): number {
    return this.#args.length;
  }

  integer(position: number, meaning: string, fallback?: number, least = 1): number {
    const value = this.#args[position] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    throw this.bad(position, meaning, `an integer of at least ${least}`);
  }

  boolean(position: number, meaning: string, fallback: boolean): boolean {
    const value = this.#args[position] ?? fallback;
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
    throw this.bad(position, meaning, 'true or false');
  }

  fraction(position: number, meaning: string, fallback: number): number {
    const value = this.#args[position] ?? fallback;
    if (typeof value === 'number' && value > 0) return value;
    throw this.bad(position, meaning, 'a positive number');
  }

  /** One integer for both axes, or [vertical, horizontal]; undefined when left out or None. */
  pair(position: number, meaning: string, least: number): [number, number] | undefined {
    const value = this.#args[position] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return [value, value];
    const list = this.#integers(value, least);
    if (list?.length === 2) return [list[0]!, list[1]!];
    throw this.bad(position, meaning, `an integer of at least ${least}, or two`);
  }

  integers(position: number, meaning: string, fallback?: readonly number[], least = 0): readonly number[] {
    const value = this.#args[position] ?? undefined;
    if (value === undefined && fallback !== undefined) return fallback;
    const list = this.#integers(value, least);
    if (list !== undefined) return list;
    throw this.bad(position, meaning, `a list of integers of at least ${least}`);
  }

  /** Refuses a setting other than the one that the engines implement. */
  expect(position: number, meaning: string, allowed: readonly LayerArg[], unlessMissing = true): void {
    const value = this.#args[position];
    if (value === undefined && unlessMissing) return;
    if (!allowed.some((one) => one === value)) {
      throw this.bad(position, meaning, allowed.map(String).join(' or '), 'MODEL_UNSUPPORTED');
    }
  }

  bad(position: number, meaning: string, wanted: string, code: `MODEL_${string}` = 'MODEL_BAD_ARGUMENT'): ModelError {
    const value = this.#args[position];
    const shown = value === undefined ? 'missing' : JSON.stringify(value);
    return new ModelError(code, `${this.#where}: ${this.#module}: ${meaning} is ${shown}`, {
      hint: `${meaning} must be ${wanted}`,
      details: { module: this.#module, position },
    });
  }

  #integers(value: LayerArg | undefined, least: number): number[] | undefined {
    if (!Array.isArray(value)) return undefined;
    const numbers = value.filter(
      (one): one is number => typeof one === 'number' && Number.isInteger(one) && one >= least,
    );
    return numbers.length === value.length ? numbers : undefined;
  }
}
