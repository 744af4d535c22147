/** Stable ordering of scores by radix: the one sort that NMS, AP and the COCO evaluator share. */

const DIGIT_BITS = 11;
const NUM_BUCKETS = 1 << DIGIT_BITS;
const DIGIT_MASK = NUM_BUCKETS - 1;
/** Below this length the bucket counters of a radix pass cost more than insertion. */
const INSERTION_LIMIT = 48;

/**
 * Returns the indices that put `scores` in descending order. Equal scores keep their order, so a result never depends
 * on the sort; NaN comes last.
 */
export function argsortDescending(scores: Float32Array | Float64Array): Uint32Array {
  const order = new Uint32Array(scores.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  if (scores.length <= INSERTION_LIMIT) {
    insertionSort(order, scores);
    return order;
  }
  const words = descendingKeys(scores);
  let from: Uint32Array = order;
  let to: Uint32Array = new Uint32Array(order.length);
  for (const word of words) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (radixPass(word, shift, from, to)) [from, to] = [to, from];
    }
  }
  return from;
}

function insertionSort(order: Uint32Array, scores: Float32Array | Float64Array): void {
  for (let i = 1; i < order.length; i++) {
    const index = order[i]!;
    const score = scores[index]!;
    let j = i - 1;
    while (j >= 0 && comesBefore(score, scores[order[j]!]!)) {
      order[j + 1] = order[j]!;
      j--;
    }
    order[j + 1] = index;
  }
}

function comesBefore(a: number, b: number): boolean {
  return a > b || (Number.isNaN(b) && !Number.isNaN(a));
}

/** Words (low first) of integers that ascend where the scores descend. */
function descendingKeys(scores: Float32Array | Float64Array): Uint32Array[] {
  const n = scores.length;
  const wordsPerScore = scores instanceof Float64Array ? 2 : 1;
  // Adding 0 turns -0 into 0, so that both compare equal; a NaN becomes -Infinity's successor at the end of the order.
  const normal = scores.slice();
  for (let i = 0; i < n; i++) normal[i] = normal[i]! + 0;
  const bits = new Uint32Array(normal.buffer, normal.byteOffset, n * wordsPerScore);
  const words = Array.from({ length: wordsPerScore }, () => new Uint32Array(n));
  for (let i = 0; i < n; i++) {
    const sign = bits[i * wordsPerScore + wordsPerScore - 1]! >>> 31;
    const isNotNumber = Number.isNaN(normal[i]!);
    for (let w = 0; w < wordsPerScore; w++) {
      const word = bits[i * wordsPerScore + w]!;
      // Positive floats order like integers: flip them. Negative ones already descend: only the sign must come last.
      words[w]![i] = isNotNumber ? 0xffffffff : sign === 1 ? word : w === wordsPerScore - 1 ? word ^ 0x7fffffff : ~word;
    }
  }
  return words;
}

/** Distributes `from` into `to` by one digit; false when all keys share it and nothing was moved. */
function radixPass(keys: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array): boolean {
  const starts = new Uint32Array(NUM_BUCKETS);
  for (let i = 0; i < keys.length; i++) {
    const digit = (keys[i]! >>> shift) & DIGIT_MASK;
    starts[digit] = starts[digit]! + 1;
  }
  if (starts[(keys[0]! >>> shift) & DIGIT_MASK] === keys.length) return false;
  let sum = 0;
  for (let digit = 0; digit < NUM_BUCKETS; digit++) {
    const count = starts[digit]!;
    starts[digit] = sum;
    sum += count;
  }
  for (let i = 0; i < from.length; i++) {
    const index = from[i]!;
    const digit = (keys[index]! >>> shift) & DIGIT_MASK;
    const slot = starts[digit]!;
    to[slot] = index;
    starts[digit] = slot + 1;
  }
  return true;
}
