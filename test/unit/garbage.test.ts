import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collectAllGarbage, collectYoungGarbage } from '../../worker/garbage.js';

/** In a frame of its own, so that nothing on the caller's stack refers to the array. */
function makeArray(): { readonly held: Float32Array[]; readonly reference: WeakRef<Float32Array> } {
  const array = new Float32Array(1_000_000);
  return { held: [array], reference: new WeakRef(array) };
}

it('a collection of all garbage finds what has outlived several of the youngest objects', async () => {
  const { held, reference } = makeArray();
  // Survivors of two minor collections count as old, and collections of young ones do not look at them again.
  for (let i = 0; i < 3; i++) collectYoungGarbage();
  held.length = 0;
  // A weak reference that was made or read holds until the turn ends.
  await turn();
  collectYoungGarbage();
  expect(reference.deref()).toHaveLength(1_000_000);
  await turn();
  await collectAllGarbage();
  expect(reference.deref()).toBeUndefined();
});
