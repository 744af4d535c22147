/** Which installed packages a program needs, out of the lock file. Pure. */

/** The part of a lock file's entry that matters here. */
export interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>> | undefined;
  readonly optionalDependencies?: Readonly<Record<string, string>> | undefined;
}

/**
 * Returns the folders of the packages that `wanted` need at run time, themselves included, as paths below the root, sorted.
 * Optional ones of other platforms are among them: take those that are there.
 * @param packages the lock file's `packages`, by folder, such as `node_modules/a/node_modules/b`
 */
export function closeOverPackages(
  packages: Readonly<Record<string, LockedPackage>>,
  wanted: readonly string[],
): string[] {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    const folder = resolve(packages, name, from);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = packages[folder]!;
    for (const next of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) visit(next, folder);
  };
  for (const name of wanted) visit(name, '');
  return [...found].sort();
}

/** Where Node finds a package: in the nearest node_modules upwards. */
function resolve(packages: Readonly<Record<string, LockedPackage>>, name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (Object.hasOwn(packages, candidate)) return candidate;
    if (folder === '') return undefined;
  }
}
