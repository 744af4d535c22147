/** Cuts a training program at its batch norms into programs of their own, with explicit inputs and outputs. Pure. */
import type { Node, Port, Program } from '../engine/program.js';
import { type RewrittenProgram, rewriteBatchNorms, type SyncPoint } from './rewrite.js';

/** One program of the sequence. */
export interface Segment {
  /**
   * Its outputs are those outputs of the whole program that it makes, the local values of the point behind it, and the
   * values that later segments read; the last two under names of {@link valueName}.
   */
  readonly program: Program;
  /** Outputs that later segments are fed under the same name. */
  readonly kept: readonly string[];
  /** Kept outputs and merged values that no later segment reads. */
  readonly released: readonly string[];
}

/** A sequence of programs with the points between them; there is one more program than points. */
export interface SplitProgram {
  readonly segments: readonly Segment[];
  readonly points: readonly SyncPoint[];
}

/** The name under which a value leaves one segment and enters others. */
export function valueName(id: number): string {
  return `value:${id}`;
}

/**
 * Returns the program cut at its batch norms (see `rewrite.ts`).
 * @throws as `rewriteBatchNorms`
 */
export function splitProgram(program: Program): SplitProgram {
  const rewritten = rewriteBatchNorms(program);
  const { values, segments, points } = rewritten;
  const makers = segmentOfValues(rewritten);
  const ports = segments.map((): Port[] => []);
  // Inputs and constants have no maker; the first segment hands them out where they are outputs.
  for (const port of program.outputs) ports[makers.get(port.value) ?? 0]!.push(port);

  const reads = segments.map((nodes, index) => {
    const ids = [...nodes.flatMap((node) => node.inputs), ...ports[index]!.map((port) => port.value)];
    return new Set(ids);
  });
  const lastRead = new Map<number, number>();
  for (const [index, ids] of reads.entries()) for (const id of ids) lastRead.set(id, index);
  const merged = new Set(points.flatMap((point) => point.merged));
  const isLate = (id: number): boolean => (lastRead.get(id) ?? 0) > makers.get(id)!;

  const constants = new Map(rewritten.constants.map((node) => [node.outputs[0]!, node]));
  const names = new Map(program.inputs.map((port) => [port.value, port.name]));
  return {
    points,
    segments: segments.map((nodes, index): Segment => {
      const made = nodes.flatMap((node) => node.outputs);
      const kept = made.filter((id) => isLate(id));
      const local = points[index]?.local ?? [];
      const out = new Set([...kept, ...local]);
      const inputs: Port[] = [];
      const sources: Node[] = [];
      for (const id of reads[index]!) {
        const constant = constants.get(id);
        const comesIn = merged.has(id) || makers.get(id) !== index;
        if (constant !== undefined) sources.push(constant);
        else if (comesIn) {
          const name = names.get(id) ?? valueName(id);
          inputs.push({ name, value: id });
          sources.push({ op: { kind: 'input', name }, inputs: [], outputs: [id] });
        }
      }
      const given = points[index - 1]?.merged ?? [];
      const ending = [...inputs.map((port) => port.value), ...given].filter(
        (id) => !names.has(id) && (lastRead.get(id) ?? index) <= index,
      );
      return {
        program: {
          values,
          nodes: [...sources, ...nodes],
          inputs,
          outputs: [...ports[index]!, ...[...out].map((id) => ({ name: valueName(id), value: id }))],
        },
        kept: kept.map(valueName),
        released: [...new Set(ending)].map(valueName),
      };
    }),
  };
}

/** Where each value is made; merged values are there from the segment behind their point. */
function segmentOfValues({ segments, points }: RewrittenProgram): Map<number, number> {
  const makers = new Map<number, number>();
  for (const [index, nodes] of segments.entries()) {
    for (const id of points[index - 1]?.merged ?? []) makers.set(id, index);
    for (const node of nodes) for (const id of node.outputs) makers.set(id, index);
  }
  return makers;
}
