/** Returns a copy with all numbers cut to four decimals, as they are printed. */
export function rounded<T extends object>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (typeof item === 'number' ? Number(item.toFixed(4)) : item)),
  ) as T;
}
