/** Who sums what where hosts are several: pure, and the same on every rank. */
import type { Plan, Segment } from './plan.js';
import { maximalSubtrees, type SumTree, sumTree, type VirtualRange } from './tree.js';

/** The sum of one host's partial sums over one whole subtree of virtual ranks. */
export interface HostPartial {
  readonly host: number;
  readonly range: VirtualRange;
  /** Indices into the plan's partials, ascending. */
  readonly operands: readonly number[];
  /** The order of additions; leaves are indices into `operands`. */
  readonly tree: SumTree;
}

export interface Hierarchy {
  readonly numHosts: number;
  /** By host, ascending. */
  readonly ranksOf: readonly (readonly number[])[];
  /** All hosts' partials, ascending by virtual rank. */
  readonly hostPartials: readonly HostPartial[];
  /** The order in which they are added; leaves are indices into `hostPartials`. */
  readonly tree: SumTree;
}

/**
 * Groups a plan's ranks by host. A host sums along the tree as far as its virtual ranks make up whole subtrees, so that the sums have
 * the same bits as without hosts.
 * @param hosts by rank, numbered from 0 without gaps
 */
export function makeHierarchy(plan: Plan, hosts: readonly number[]): Hierarchy {
  const numHosts = Math.max(...hosts) + 1;
  const ranksOf = Array.from({ length: numHosts }, (_, host) =>
    hosts.flatMap((of, rank) => (of === host ? [rank] : [])),
  );
  const { virtualRanks } = plan.layout;
  const hostPartials = runsOf(plan, hosts)
    .flatMap(({ host, range }) => maximalSubtrees(range, virtualRanks).map((subtree) => ({ host, range: subtree })))
    .map(({ host, range }) => {
      const operands = plan.partials.flatMap((partial, index) =>
        partial.range.begin >= range.begin && partial.range.end <= range.end ? [index] : [],
      );
      // A tree's shape depends on its size alone, so a subtree's is that of a tree that begins at 0.
      const ranges = operands.map((index) => {
        const { begin, end } = plan.partials[index]!.range;
        return { begin: begin - range.begin, end: end - range.begin };
      });
      return { host, range, operands, tree: sumTree(ranges, range.end - range.begin) };
    });
  const ranges = hostPartials.map(({ range }) => range);
  return { numHosts, ranksOf, hostPartials, tree: sumTree(ranges, virtualRanks) };
}

/** Returns by rank which host it runs on; all on host 0 where nothing else is said. */
export function hostsOf({
  hosts,
  plan,
}: {
  readonly hosts?: readonly number[] | undefined;
  readonly plan: Plan;
}): readonly number[] {
  return hosts ?? Array.from({ length: plan.worldSize }, () => 0);
}

/** Returns which rank of a host sums its part of a segment: the owner on its own host, elsewhere one in turn. */
export function leaderOf({ ranksOf }: Hierarchy, host: number, { chunk }: Segment): number {
  const ranks = ranksOf[host]!;
  return ranks.includes(chunk) ? chunk : ranks[chunk % ranks.length]!;
}

/** What the owner of a segment adds up: its own host's partial sums one by one, and of the other hosts what they have summed. */
export interface OwnerSum {
  /** The order of additions; leaves are indices into `leaves`. */
  readonly tree: SumTree;
  /** By leaf, ascending by virtual rank: an index into the plan's partials, or into the hierarchy's. */
  readonly leaves: readonly ({ readonly partial: number } | { readonly hostPartial: number })[];
}

/**
 * Returns how a sum is finished on its owner's host: the additions of the hierarchy in their order, so that no memory is needed for the
 * sums of this host by themselves.
 */
export function ownerSum({ hostPartials, tree }: Hierarchy, owner: number): OwnerSum {
  const leaves: OwnerSum['leaves'][number][] = [];
  const visit = (node: SumTree, operands?: readonly number[]): SumTree => {
    if (typeof node !== 'number') {
      const left = visit(node.left, operands);
      return { left, right: visit(node.right, operands) };
    }
    if (operands !== undefined) return leaves.push({ partial: operands[node]! }) - 1;
    const hostPartial = hostPartials[node]!;
    if (hostPartial.host === owner) return visit(hostPartial.tree, hostPartial.operands);
    return leaves.push({ hostPartial: node }) - 1;
  };
  return { tree: visit(tree), leaves };
}

/** Returns the segments that a rank leads on its host: those that it owns, and its share of those that other hosts own. */
export function segmentsLedBy(plan: Plan, hierarchy: Hierarchy, host: number, rank: number): Segment[] {
  return plan.segments.filter((segment) => leaderOf(hierarchy, host, segment) === rank);
}

/** Virtual ranks that follow each other and belong to one host. */
function runsOf(plan: Plan, hosts: readonly number[]): { host: number; range: VirtualRange }[] {
  const runs: { host: number; range: VirtualRange }[] = [];
  for (const { rank, range } of plan.partials) {
    const host = hosts[rank]!;
    const last = runs.at(-1);
    if (last?.host === host) runs[runs.length - 1] = { host, range: { begin: last.range.begin, end: range.end } };
    else runs.push({ host, range });
  }
  return runs;
}
