/** The protocol's version. Another major is refused at hello; a newer minor may add fields and messages that we ignore. */
export const PROTOCOL_VERSION = { major: 1, minor: 0 } as const;

/** Returns the version as people write it, such as `1.0`. */
export function formatVersion(version: { readonly major: number; readonly minor: number }): string {
  return `${version.major}.${version.minor}`;
}
