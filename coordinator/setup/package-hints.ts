/** Which system package brings a missing tool, in the words of this machine's package manager. */
import { readFileSync } from 'node:fs';

export type MissingTool = 'pip' | 'compiler';

const COMMANDS: Readonly<Record<string, Readonly<Record<MissingTool, string>>>> = {
  apt: { pip: 'apt-get install python3-pip', compiler: 'apt-get install g++' },
  dnf: { pip: 'dnf install python3-pip', compiler: 'dnf install gcc-c++' },
  zypper: { pip: 'zypper install python3-pip', compiler: 'zypper install gcc-c++' },
  pacman: { pip: 'pacman -S python-pip', compiler: 'pacman -S gcc' },
  apk: { pip: 'apk add py3-pip', compiler: 'apk add g++' },
  brew: { pip: 'brew install python', compiler: 'xcode-select --install' },
};

const MANAGER_BY_DISTRIBUTION: Readonly<Record<string, string>> = {
  debian: 'apt',
  ubuntu: 'apt',
  fedora: 'dnf',
  rhel: 'dnf',
  centos: 'dnf',
  amzn: 'dnf',
  suse: 'zypper',
  opensuse: 'zypper',
  arch: 'pacman',
  alpine: 'apk',
};

function packageManager(platform: NodeJS.Platform, osRelease: string): string | undefined {
  if (platform === 'darwin') return 'brew';
  // ID names the distribution, ID_LIKE its ancestors, nearest first.
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(osRelease)?.[1]?.split(' ') ?? [];
  for (const id of [...value('ID'), ...value('ID_LIKE')]) {
    const manager = MANAGER_BY_DISTRIBUTION[id];
    if (manager !== undefined) return manager;
  }
  return undefined;
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/**
 * One sentence that says what to type, such as `Install it with: apt-get install g++`.
 * @param osRelease text of /etc/os-release
 */
export function installHint(
  tool: MissingTool,
  platform: NodeJS.Platform = process.platform,
  osRelease: string = readOsRelease(),
): string {
  const manager = packageManager(platform, osRelease);
  if (manager !== undefined) return `Install it with: ${COMMANDS[manager]?.[tool]}`;
  const { apt, dnf, brew } = COMMANDS;
  return `Install it with your package manager, such as: ${apt?.[tool]}, ${dnf?.[tool]}, or ${brew?.[tool]}`;
}
