/** What a trace can show: the kinds of spans, by number in the rings and by name in the file. */

/** How a kind of span is drawn, and what its numbers mean. */
interface SpanKind {
  /** What Perfetto groups and colours by. */
  readonly category: 'step' | 'comms' | 'data';
  /** Names of the numbers that a span carries, in their order. */
  readonly args: readonly string[];
  /** Spans of this kind may overlap in one thread, so they get tracks of their own. @defaultValue false */
  readonly overlaps?: boolean;
}

const SEGMENT = ['round', 'bucket', 'chunk', 'segment'] as const;
const MESSAGE = [...SEGMENT, 'phase', 'peer', 'virtualBegin'] as const;

/** Ordered: the index is what the rings hold, and all ranks of a run are of one version. */
export const SPANS = {
  /** A whole training step, from its batches to its new weights. */
  step: { category: 'step', args: ['step', 'epoch'] },
  data_wait: { category: 'step', args: [] },
  host_to_device: { category: 'step', args: [] },
  forward_backward: { category: 'step', args: [] },
  /** The engine's work between two hand-outs: up to the first gradient of a bucket. */
  stage: { category: 'step', args: ['bucket'] },
  /** A gradient is read from the engine and added to the partial sum in shared memory. */
  copy: { category: 'step', args: ['bucket', 'elements'] },
  allreduce_wait: { category: 'step', args: [] },
  optimizer: { category: 'step', args: [] },
  ema: { category: 'step', args: [] },
  validation: { category: 'step', args: ['epoch'] },
  checkpoint: { category: 'step', args: [] },

  /** From the bucket's announcement by this rank to its last sum. */
  bucket: { category: 'comms', args: ['round', 'bucket'], overlaps: true },
  send: { category: 'comms', args: MESSAGE },
  receive: { category: 'comms', args: MESSAGE },
  reduce: { category: 'comms', args: SEGMENT },
  /** The partial sums of a host's ranks are added for a segment that another host owns. */
  reduce_host: { category: 'comms', args: SEGMENT },
  /** A sum that another rank made is copied into the result. */
  copy_result: { category: 'comms', args: SEGMENT },
  /** Buckets are under way, and the thread has nothing to do for them. Made when the file is written. */
  wait: { category: 'comms', args: ['round', 'bucket'] },

  /** One batch, from its first task to its hand-over. */
  batch: { category: 'data', args: ['epoch', 'images'], overlaps: true },
  /** One image of a batch, made ready for the network. */
  sample: { category: 'data', args: ['image', 'epoch'], overlaps: true },
  /** A sample's pixels are drawn, mixed and filtered; of JPEG files only now decoded. */
  augment: { category: 'data', args: ['image'] },
  /** A rectangle of a JPEG file. */
  decode: { category: 'data', args: ['width', 'height'] },
  /** A whole picture of another kind, by libvips in the background. */
  decode_by_library: { category: 'data', args: ['width', 'height'], overlaps: true },
} as const satisfies Readonly<Record<string, SpanKind>>;

export type SpanName = keyof typeof SPANS;

/** By the number in the rings. */
export const SPAN_NAMES = Object.keys(SPANS) as readonly SpanName[];
const NUMBERS = new Map(SPAN_NAMES.map((name, number) => [name, number]));

/** Most numbers that a span carries. */
export const MAX_ARGS = 7;

/** The number of a kind. */
export function spanNumber(name: SpanName): number {
  return NUMBERS.get(name)!;
}

/** The kind of a name. */
export function spanKind(name: SpanName): SpanKind {
  return SPANS[name];
}
