/** Whether `version` (such as `20.19.0`) lies in `range`: alternatives with `||`, each `^x.y.z` or `>=x.y.z`. */
export declare function satisfiesEngines(version: string, range: string): boolean;
