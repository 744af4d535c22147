/** Compares Node's version with the `engines` range of package.json. Kept to old syntax: it must load on a Node that is too old. */

function parse(version) {
  return version
    .replace(/^[^0-9]*/, '')
    .split('.')
    .concat(['0', '0'])
    .slice(0, 3)
    .map(Number);
}

function compare(a, b) {
  for (let i = 0; i < 3; i += 1) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}

/**
 * Whether `version` (such as `20.19.0`) lies in `range`: alternatives with `||`, each `^x.y.z` or `>=x.y.z`.
 * Anything else in the range counts as not satisfied, so that a change of its grammar is noticed.
 */
export function satisfiesEngines(version, range) {
  const have = parse(version);
  return range.split('||').some((alternative) => {
    const match = /^\s*(\^|>=)\s*(\d+(?:\.\d+){0,2})\s*$/.exec(alternative);
    if (match === null) return false;
    const want = parse(match[2]);
    if (compare(have, want) < 0) return false;
    return match[1] === '>=' || have[0] === want[0];
  });
}
