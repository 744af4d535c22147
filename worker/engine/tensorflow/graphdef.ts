/**
 * The few messages of TensorFlow's graph format that Lockstep writes, with TensorFlow's own field numbers, and their
 * encoding. The descriptor lives in code (protobufjs reflection), so nothing is generated and nothing is copied at build time.
 */
import '../../../proto/numbers.js';
import protobuf from 'protobufjs/light.js';

/** TensorFlow's numbers of element types (types.proto). */
export const DATA_TYPE = { float32: 1, int32: 3, uint8: 4, bool: 10, bfloat16: 14, float16: 19 } as const;
export type DataType = (typeof DATA_TYPE)[keyof typeof DATA_TYPE];

export interface TensorShapeProto {
  readonly dim: readonly { readonly size: number }[];
}

export interface TensorProto {
  readonly dtype: DataType;
  readonly tensorShape: TensorShapeProto;
  /** Elements, little-endian, row-major. */
  readonly tensorContent: Uint8Array;
}

/** Exactly one of the fields is set. */
export interface AttrValue {
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: DataType;
  readonly shape?: TensorShapeProto;
  readonly tensor?: TensorProto;
  readonly list?: { readonly i?: readonly number[]; readonly type?: readonly DataType[] };
  readonly func?: { readonly name: string };
}

export type Attrs = Readonly<Record<string, AttrValue>>;

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Attrs;
}

export interface ArgDef {
  readonly name: string;
  readonly type: DataType;
}

export interface FunctionDef {
  readonly signature: {
    readonly name: string;
    readonly inputArg: readonly ArgDef[];
    readonly outputArg: readonly ArgDef[];
  };
  readonly nodeDef: readonly NodeDef[];
  /** Output argument → tensor in the body, as `node:output:index`. */
  readonly ret: Readonly<Record<string, string>>;
  readonly attr: Attrs;
}

export interface GraphDef {
  readonly node: readonly NodeDef[];
  readonly library: { readonly function: readonly FunctionDef[] };
}

type Field = protobuf.IField | protobuf.IMapField;

function field(type: string, id: number): Field {
  return { type, id };
}
function repeated(type: string, id: number): Field {
  return { rule: 'repeated', type, id };
}
function map(type: string, id: number): Field {
  return { keyType: 'string', type, id };
}

const MESSAGES: Readonly<Record<string, Record<string, Field>>> = {
  Dim: { size: field('int64', 1) },
  TensorShape: { dim: repeated('Dim', 2) },
  Tensor: { dtype: field('int32', 1), tensorShape: field('TensorShape', 2), tensorContent: field('bytes', 4) },
  List: { i: repeated('int64', 3), type: repeated('int32', 6) },
  NameAttrList: { name: field('string', 1) },
  Attr: {
    list: field('List', 1),
    s: field('bytes', 2),
    i: field('int64', 3),
    f: field('float', 4),
    b: field('bool', 5),
    type: field('int32', 6),
    shape: field('TensorShape', 7),
    tensor: field('Tensor', 8),
    func: field('NameAttrList', 10),
  },
  Node: { name: field('string', 1), op: field('string', 2), input: repeated('string', 3), attr: map('Attr', 5) },
  Arg: { name: field('string', 1), type: field('int32', 3) },
  Op: { name: field('string', 1), inputArg: repeated('Arg', 2), outputArg: repeated('Arg', 3) },
  Function: { signature: field('Op', 1), nodeDef: repeated('Node', 3), ret: map('string', 4), attr: map('Attr', 5) },
  Library: { function: repeated('Function', 1) },
  Versions: { producer: field('int32', 1) },
  Graph: { node: repeated('Node', 1), library: field('Library', 2), versions: field('Versions', 4) },
  MetaInfo: { tags: repeated('string', 4) },
  MetaGraph: { metaInfoDef: field('MetaInfo', 1), graphDef: field('Graph', 2) },
  SavedModel: { savedModelSchemaVersion: field('int64', 1), metaGraphs: repeated('MetaGraph', 2) },
};

/** Edition 2023 writes a field that is set even when it is zero, which attributes need: they tell absence and zero apart. */
const EDITION = '2023';

const ROOT = protobuf.Root.fromJSON({
  nested: {
    tensorflow: {
      nested: Object.fromEntries(
        Object.entries(MESSAGES).map(([name, fields]): [string, protobuf.IType] => [
          name,
          { edition: EDITION, fields },
        ]),
      ),
    },
  },
});
const SAVED_MODEL = ROOT.lookupType('tensorflow.SavedModel');

/** The tag under which {@link encodeSavedModel} files its one graph. */
export const SAVED_MODEL_TAG = 'serve';

/** GraphDef version of TensorFlow 2.9 (2022): old enough for every library in use, new enough for every operator here. */
const GRAPH_VERSION = 1087;

/** Returns the bytes of a `saved_model.pb` that holds this graph and no variables. */
export function encodeSavedModel(graph: GraphDef): Uint8Array {
  const graphDef = { ...graph, versions: { producer: GRAPH_VERSION } };
  const message = { savedModelSchemaVersion: 1, metaGraphs: [{ metaInfoDef: { tags: [SAVED_MODEL_TAG] }, graphDef }] };
  return SAVED_MODEL.encode(message).finish();
}

/** Reads back what {@link encodeSavedModel} wrote, for tests and for looking into a graph. */
export function decodeGraph(bytes: Uint8Array): GraphDef {
  const { metaGraphs } = SAVED_MODEL.toObject(SAVED_MODEL.decode(bytes), { arrays: true }) as {
    metaGraphs: { graphDef: GraphDef }[];
  };
  const [meta] = metaGraphs;
  return meta!.graphDef;
}
