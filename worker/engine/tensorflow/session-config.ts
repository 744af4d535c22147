/**
 * What sessions on the CPU ask of Grappler, which rewrites each graph before its first run. The passes that change something in the
 * graphs that are written here stay on: remapping (activations fused into oneDNN's operators), constant folding, arithmetic,
 * dependencies, common subgraphs, in two rounds, which decides on the last bits. The others look through the graph for nothing,
 * which took a fifth of the first step. On GPUs they count, the layout pass above all: there TensorFlow's own defaults hold.
 */
import protobuf from 'protobufjs/light.js';

/** Field numbers of ConfigProto and of GraphOptions (config.proto). */
const GRAPH_OPTIONS = 10;
const REWRITE_OPTIONS = 10;

const OFF = 2;
const DISABLED = 1;
const NO_MEMORY_OPTIMIZATION = 1;

/** Fields of RewriterConfig (rewriter_config.proto) by number. What is not named is on. */
const REWRITER: ReadonlyMap<number, number> = new Map([
  [1, OFF], // layout
  [4, NO_MEMORY_OPTIMIZATION],
  [9, OFF], // loops
  [10, OFF], // functions
  [13, OFF], // shapes
  [15, OFF], // scoped allocators
  [18, OFF], // pinning to the host
  [22, OFF], // choice of implementations
  [30, OFF], // code motion out of conditionals
  [32, DISABLED], // the TFG optimizer
]);

/** Kinds of fields on the wire. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Returns a serialised ConfigProto. */
export function encodeSessionConfig(): Uint8Array {
  const rewriter = protobuf.Writer.create();
  for (const [field, value] of REWRITER) rewriter.uint32((field << 3) | VARINT).int32(value);
  return message(GRAPH_OPTIONS, message(REWRITE_OPTIONS, rewriter.finish()));
}

function message(field: number, bytes: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32((field << 3) | LENGTH_DELIMITED)
    .bytes(bytes)
    .finish();
}
