/** Where the vectors of an all-reduce lie, and by which means they are summed. */
import { monotonicMs } from '../../proto/clock.js';
import { CollectiveError } from '../../proto/errors.js';
import { BOARD_SEGMENT_ELEMENTS, Board, type BoardOptions } from '../collective/board.js';
import type { BoardPlace } from '../collective/board-flags.js';
import { type BoardArea, boardLayout, firstPartial, hostBoardLayout, PAGE_BYTES } from '../collective/board-layout.js';
import type { ChosenCollective } from '../collective/choose.js';
import { HeapReducer, scratchBytes } from '../collective/heap-reducer.js';
import { HostBoard, type HostBoardOptions, hostArea } from '../collective/host-board.js';
import { makePlan, type Plan, type VectorLayout } from '../collective/plan.js';
import { allocateAligned, openAddKernels } from '../collective/sum-heap.js';
import { Futex } from '../shared-memory/futex.js';
import { openLibc } from '../shared-memory/libc.js';
import { SHARED_PAGE_BYTES, SharedSegment } from '../shared-memory/shared-segment.js';
import { SIMD_ALIGNMENT, type SimdHeap } from '../simd/heap.js';
import { BoardRounds } from './board-rounds.js';
import type { BoardInput, CommsInput } from './comms-input.js';
import type { World } from './comms-output.js';
import { HostRounds } from './host-rounds.js';
import { MessageRounds, type Rounds } from './rounds.js';

/** A board beyond this does not fit the 4 GiB of a heap together with what else is there. */
export const MAX_BOARD_BYTES = 3.5 * 2 ** 30;

/** How long a main thread that waits watches another rank leave its part of the work alone. */
const PATIENCE_MS = 1;

/** For scratch memory and alignment. */
const SPARE_BYTES = 2 ** 24;
/** Vectors that accumulating and compressing may need besides those of a board. */
const NUM_SPARE_VECTORS = 4;

/** Returns bytes that are enough for the vectors of an all-reduce, wherever they come to lie. @throws as {@link makePlan} */
export function roomFor(layout: VectorLayout, world: World): number {
  const vectorBytes = layout.length * Float32Array.BYTES_PER_ELEMENT;
  const area = hostArea(boardPlan(layout, world.worldSize), hostsOfWorld(world), world.rank);
  return hostBoardLayout(area).bytes + NUM_SPARE_VECTORS * vectorBytes + SPARE_BYTES;
}

export interface VectorPlaces {
  /** This rank's partial sums, in the order of the plan. */
  readonly partials: readonly Float32Array[];
  readonly result: Float32Array;
  /** Memory for the comms thread's sums, where it makes them by itself. */
  readonly scratch: number | undefined;
  /** Opens the main thread's part in the rounds from `firstRound` on. */
  openRounds(layout: VectorLayout, firstRound: number, post: (input: CommsInput) => void): Rounds;
  /** What the comms thread needs to take part in the last rounds opened; undefined without shared memory. */
  board(): BoardInput | undefined;
}

/** Returns a board's view for one thread. @param scratch memory for it alone, on the same heap */
export function openBoard(
  place: BoardPlace,
  scratch: number,
  options: Pick<BoardOptions, 'rank' | 'plan' | 'patienceMs' | 'firstRound' | 'base'>,
): { board: Board; futex: Futex } {
  const reducer = new HeapReducer(openAddKernels(place), place.memory, options.plan.tree, scratch);
  let futex: Futex | undefined;
  const board = new Board({
    ...options,
    place,
    reduce: (operands, targets, offset, length) => reducer.reduceToAll(operands, targets, offset, length),
    forget: (address, bytes) => unmapWithin(place.memory, address, bytes),
    wake: () => futex?.wake(),
    now: monotonicMs,
  });
  futex = new Futex(board.bellWord);
  return { board, futex };
}

/** Takes the pages that lie wholly within some bytes of a mapped segment out of this process, until they are touched again; none where pages are larger. */
function unmapWithin({ buffer }: WebAssembly.Memory, address: number, bytes: number): void {
  const begin = Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
  const end = Math.floor((address + bytes) / PAGE_BYTES) * PAGE_BYTES;
  if (end > begin) openLibc()?.unmapPages(new Uint8Array(buffer, begin, end - begin));
}

/** Returns the view of one thread on what ranks of a host share in a hierarchy. */
export function openHostBoard(
  place: BoardPlace,
  options: Pick<HostBoardOptions, 'rank' | 'plan' | 'hosts' | 'firstRound' | 'base'>,
): { board: HostBoard; futex: Futex } {
  let futex: Futex | undefined;
  const board = new HostBoard({ ...options, place, wake: () => futex?.wake(), now: monotonicMs });
  futex = new Futex(board.bellWord);
  return { board, futex };
}

/**
 * Puts the vectors on a heap: into memory shared with the other ranks of the host where these have it open and the algorithm makes use of it,
 * into this worker's own memory otherwise. On one host that is the direct exchange, and the hierarchy, which is the same there; with several
 * hosts it is the hierarchy.
 * @throws CollectiveError COLLECTIVE_BAD_LAYOUT, COLLECTIVE_WORLD_TOO_LARGE, COLLECTIVE_NO_SHARED_MEMORY; EngineError
 */
export function placeVectors(options: {
  readonly layout: VectorLayout;
  readonly world: World;
  readonly heap: SimdHeap;
  readonly collective: ChosenCollective['name'];
  /** Whether segments are encoded, which the ranks of one host do only with the direct exchange, and then by messages. */
  readonly isCompressed: boolean;
}): VectorPlaces {
  const { layout, world, heap, collective, isCompressed } = options;
  const hosts = hostsOfWorld(world);
  const numHosts = new Set(hosts).size;
  const plan = boardPlan(layout, world.worldSize);
  const usesBoard = numHosts === 1 && (collective === 'hierarchical' || (collective === 'direct' && !isCompressed));
  const usesHostBoard = numHosts > 1 && collective === 'hierarchical';
  if (world.sharedMemory === undefined || !(usesBoard || usesHostBoard)) return ownVectors(plan, world, heap);
  const area = hostArea(plan, hosts, world.rank);
  const { bytes } = usesBoard ? boardLayout(area) : hostBoardLayout(area);
  if (bytes > MAX_BOARD_BYTES) {
    if (world.sharedMemory.required) throw tooLarge(bytes);
    return ownVectors(plan, world, heap);
  }
  const place = mapShared(bytes, heap, world.sharedMemory.fd);
  const shared = { place, area };
  return usesBoard ? boardVectors(plan, world, heap, shared) : hostVectors(plan, world, heap, shared, hosts);
}

/** Returns by rank which host it runs on. */
export function hostsOfWorld({ hosts, worldSize }: Pick<World, 'hosts' | 'worldSize'>): readonly number[] {
  return hosts ?? Array.from({ length: worldSize }, () => 0);
}

/** Returns the plan of a board: that of the direct exchange with shorter segments. @throws as {@link makePlan} */
export function boardPlan(layout: VectorLayout, worldSize: number): Plan {
  return makePlan(layout, worldSize, BOARD_SEGMENT_ELEMENTS);
}

function ownVectors(plan: Plan, world: World, heap: SimdHeap): VectorPlaces {
  const { length } = plan.layout;
  const partials = plan.partials.filter(({ rank }) => rank === world.rank).map(() => heap.float32(length));
  return {
    partials,
    // One worker's only partial sum is the sum.
    result: world.worldSize === 1 ? partials[0]! : heap.float32(length),
    scratch: world.worldSize === 1 ? undefined : allocateAligned(heap, scratchBytes(plan.tree), SIMD_ALIGNMENT),
    openRounds: (_layout, _firstRound, post) => new MessageRounds(post),
    board: () => undefined,
  };
}

/** Memory that is shared now: where it is, and what for. */
interface Shared {
  readonly place: BoardPlace;
  readonly area: BoardArea;
}

function mapShared(bytes: number, heap: SimdHeap, fd: number): BoardPlace {
  const { memory } = heap;
  const address = allocateAligned(heap, bytes, SHARED_PAGE_BYTES);
  {
    // The mapping stays when the descriptor goes.
    using segment = new SharedSegment(fd);
    segment.mapOnto(new Uint8Array(memory.buffer, address, bytes));
  }
  return { memory, address };
}

function vectorAt({ place, area }: Shared, offset: number): Float32Array {
  return new Float32Array(place.memory.buffer, place.address + offset, area.layout.length);
}

/** A rank's partial sums. */
function partialsOf(shared: Shared, rank: number): Float32Array[] {
  const { partials } = shared.area;
  const { partialOffsets } = boardLayout(shared.area);
  return partialOffsets.filter((_, index) => partials[index]!.rank === rank).map((offset) => vectorAt(shared, offset));
}

function boardVectors(plan: Plan, { rank, worldSize }: World, heap: SimdHeap, shared: Shared): VectorPlaces {
  const { place, area } = shared;
  const scratch = Array.from({ length: 2 }, () => allocateAligned(heap, scratchBytes(plan.tree), SIMD_ALIGNMENT));
  let input: BoardInput | undefined;
  return {
    partials: partialsOf(shared, rank),
    result: vectorAt(shared, boardLayout(area).partialOffsets[firstPartial(area.partials, rank)]!),
    scratch: undefined,
    openRounds(layout, firstRound, post) {
      const current = boardPlan(layout, worldSize);
      const { board, futex } = openBoard(place, scratch[0]!, {
        ...{ rank, plan: current, firstRound },
        patienceMs: PATIENCE_MS,
      });
      input = { address: place.address, scratch: scratch[1]!, base: board.base };
      return new BoardRounds({ board, futex, post, bytesPerRound: bytesPerRound(current, rank) });
    },
    board: () => input,
  };
}

function hostVectors(
  plan: Plan,
  { rank, worldSize }: World,
  heap: SimdHeap,
  shared: Shared,
  hosts: readonly number[],
): VectorPlaces {
  const { place, area } = shared;
  const scratch = allocateAligned(heap, scratchBytes(plan.tree), SIMD_ALIGNMENT);
  let input: BoardInput | undefined;
  return {
    partials: partialsOf(shared, rank),
    result: vectorAt(shared, hostBoardLayout(area).resultOffset),
    scratch: undefined,
    openRounds(layout, firstRound, post) {
      const { board, futex } = openHostBoard(place, { rank, plan: makePlan(layout, worldSize), hosts, firstRound });
      input = { address: place.address, scratch, base: board.base };
      return new HostRounds({ board, futex, post });
    },
    board: () => input,
  };
}

/** What a rank's chunks and partial sums come to when each goes to whoever needs it, as by wire. */
function bytesPerRound(plan: Plan, rank: number): number {
  const numOwnPartials = plan.partials.filter((partial) => partial.rank === rank).length;
  let elements = 0;
  for (const { chunk, length } of plan.segments) {
    elements += chunk === rank ? (plan.worldSize - 1) * length : numOwnPartials * length;
  }
  return elements * Float32Array.BYTES_PER_ELEMENT;
}

function tooLarge(bytes: number): CollectiveError {
  const gibibytes = (bytes / 2 ** 30).toFixed(1);
  return new CollectiveError(
    'COLLECTIVE_NO_SHARED_MEMORY',
    `--payload shm is not possible: the vectors of all ranks take ${gibibytes} GiB, of ${MAX_BOARD_BYTES / 2 ** 30} that fit`,
    { hint: 'Use --payload auto, which takes sockets then, or fewer virtual ranks.', details: { bytes } },
  );
}
