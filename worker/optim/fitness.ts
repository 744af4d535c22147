/** One number for how good a model is. */

/** 0.1·mAP@0.5 + 0.9·mAP@0.5:0.95: what `best` means. */
export function fitness(result: { readonly map50: number; readonly map: number }): number {
  return 0.1 * result.map50 + 0.9 * result.map;
}
