/**
 * The errors of Lockstep. Every expected failure is a {@link LockstepError} with a stable `code`, a message that says
 * what happened with the values, and a `hint` that says what to do next. They cross threads and the wire intact.
 */

/** The families: the part of the system that an error speaks about. The first word of a code names its family. */
export type ErrorFamily =
  | 'CONFIG'
  | 'PROTOCOL'
  | 'TRANSPORT'
  | 'MEMBERSHIP'
  | 'COLLECTIVE'
  | 'DATA'
  | 'ENGINE'
  | 'CHECKPOINT'
  | 'MODEL'
  | 'LAUNCH';

/** A stable, greppable code such as `CONFIG_UNKNOWN_KEY`. */
export type ErrorCode = `${ErrorFamily}_${string}`;

/** What an error carries besides its code and message. */
export interface ErrorOptions {
  /** What the user should do next, one sentence. */
  readonly hint?: string | undefined;
  /** Values for logs and tests: paths, ranks, sizes. Must survive JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The form in which an error crosses a thread or the wire. */
export interface SerializedError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly stack?: string | undefined;
}

/** Exit codes after sysexits, as Kubernetes and Slurm users expect them; 75 means "saved, run me again". */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  badData: 65,
  noInput: 66,
  unavailable: 69,
  cannotWrite: 73,
  stoppedWithCheckpoint: 75,
  badConfig: 78,
} as const;

const EXIT_BY_FAMILY: Readonly<Record<string, number>> = {
  CONFIG: EXIT.badConfig,
  DATA: EXIT.badData,
  CHECKPOINT: EXIT.badData,
  MODEL: EXIT.badConfig,
  ENGINE: EXIT.unavailable,
};

/** The base class of everything that Lockstep throws on purpose. */
export class LockstepError extends Error {
  override readonly name: string = 'LockstepError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** The exit code that a process ends with when this error is its cause. */
  get exitCode(): number {
    if (this.code === 'CONFIG_USAGE' || this.code === 'CONFIG_UNKNOWN_FLAG') return EXIT.usage;
    return EXIT_BY_FAMILY[this.code.slice(0, this.code.indexOf('_'))] ?? EXIT.failed;
  }
}

/** Wrong flags, YAML keys or values. */
export class ConfigError extends LockstepError {
  override readonly name = 'ConfigError';
}
/** A frame or envelope that does not follow the protocol. */
export class ProtocolError extends LockstepError {
  override readonly name = 'ProtocolError';
}
/** Sockets, ports and addresses. */
export class TransportError extends LockstepError {
  override readonly name = 'TransportError';
}
/** Joining, leaving, ranks, generations. */
export class MembershipError extends LockstepError {
  override readonly name = 'MembershipError';
}
/** The all-reduce and its peers. */
export class CollectiveError extends LockstepError {
  override readonly name = 'CollectiveError';
}
/** Images, labels and data sets. */
export class DataError extends LockstepError {
  override readonly name = 'DataError';
}
/** Engines: staging, loading, compiling, running. */
export class EngineError extends LockstepError {
  override readonly name = 'EngineError';
}
/** Reading and writing checkpoints. */
export class CheckpointError extends LockstepError {
  override readonly name = 'CheckpointError';
}
/** Model YAML and architecture. */
export class ModelError extends LockstepError {
  override readonly name = 'ModelError';
}
/** Starting and supervising processes. */
export class LaunchError extends LockstepError {
  override readonly name = 'LaunchError';
}

const CLASSES: Readonly<Record<string, typeof LockstepError>> = {
  CONFIG: ConfigError,
  PROTOCOL: ProtocolError,
  TRANSPORT: TransportError,
  MEMBERSHIP: MembershipError,
  COLLECTIVE: CollectiveError,
  DATA: DataError,
  ENGINE: EngineError,
  CHECKPOINT: CheckpointError,
  MODEL: ModelError,
  LAUNCH: LaunchError,
};

/** Returns the wire form of any thrown value. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof LockstepError) {
    return {
      code: error.code,
      message: error.message,
      hint: error.hint,
      details: error.details,
      stack: error.stack,
    };
  }
  if (error instanceof Error) return { code: 'LAUNCH_UNEXPECTED', message: error.message, stack: error.stack };
  return { code: 'LAUNCH_UNEXPECTED', message: String(error) };
}

/** Rebuilds an error of the right class from its wire form; the stack is that of the origin. */
export function deserializeError(wire: SerializedError): LockstepError {
  const family = wire.code.slice(0, wire.code.indexOf('_'));
  const Class = CLASSES[family] ?? LockstepError;
  const error = new Class(wire.code as ErrorCode, wire.message, { hint: wire.hint, details: wire.details });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
