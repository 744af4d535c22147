/** Which hosts may take part in a run. Pure. */
import type { NodeHello } from './membership-events.js';

export interface MembershipOptions {
  readonly numNodes: number;
  readonly workersPerNode: number;
  /** Lockstep's version, which must be the same on all hosts. */
  readonly version: string;
}

/** A host that takes part. */
export interface NodeState {
  readonly from: string;
  readonly hello: NodeHello;
  nodeRank: number;
  /** True once all its workers have ended. */
  done: boolean;
}

/** Returns why a host cannot take part, or undefined when it can. */
export function refuseHost(
  hello: NodeHello,
  nodes: readonly NodeState[],
  options: MembershipOptions,
): { readonly code: string; readonly why: string; readonly hint: string } | undefined {
  const host = hello.host ?? '?';
  if (hello.lockstepVersion !== options.version) {
    return {
      code: 'MEMBERSHIP_VERSION',
      why: `host ${host} runs Lockstep ${hello.lockstepVersion}, the coordinator ${options.version}`,
      hint: 'install the same version on every host',
    };
  }
  if (nodes.length === options.numNodes) {
    return {
      code: 'MEMBERSHIP_FULL',
      why: `host ${host} came after all ${options.numNodes} hosts were there`,
      hint: 'raise --nnodes on every host, or give this run its own port',
    };
  }
  if (hello.numWorkers !== options.workersPerNode) {
    return {
      code: 'MEMBERSHIP_UNEQUAL_HOSTS',
      why: `host ${host} offers ${hello.numWorkers} workers, host 0 ${options.workersPerNode}`,
      hint: 'start every host with the same --nproc',
    };
  }
  const wanted = hello.nodeRank ?? -1;
  const taken = nodes.find((node) => wanted >= 0 && node.nodeRank === wanted);
  if (!taken) return undefined;
  return {
    code: 'MEMBERSHIP_RANK_TAKEN',
    why: `host ${host} asks for node rank ${wanted}, which ${taken.hello.host} has`,
    hint: 'give each host its own --node-rank, or auto',
  };
}
