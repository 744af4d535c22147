/** The modules that a model YAML may name. A new module is one file and one line here. */
import { bottleneck } from './bottleneck.js';
import { c3 } from './c3.js';
import { conv } from './conv.js';
import { detect } from './detect.js';
import type { ModuleDefinition } from './module.js';
import { concat, maxPool2d, upsample, zeroPad2d } from './planes.js';
import { spp, sppf } from './pyramid.js';

const MODULES: ReadonlyMap<string, ModuleDefinition> = new Map(
  [conv, bottleneck, c3, spp, sppf, maxPool2d, zeroPad2d, upsample, concat, detect].map((module) => [
    module.name,
    module,
  ]),
);

/** All module names. */
export function moduleNames(): string[] {
  return [...MODULES.keys()];
}

/** The registry's name for a name in a YAML (`nn.MaxPool2d` and `MaxPool2d` are one), or undefined. */
export function normalizeModuleName(name: string): string | undefined {
  const bare = name.startsWith('nn.') ? name.slice(3) : name;
  return MODULES.has(bare) ? bare : undefined;
}

/** The module of a normalized name. */
export function moduleDefinition(name: string): ModuleDefinition | undefined {
  return MODULES.get(name);
}
