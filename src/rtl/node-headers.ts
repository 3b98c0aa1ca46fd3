import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The folder with this Node's `node_api.h`: beside the program, where npm was told, or where node-gyp keeps it. Null without one. */
export function nodeHeaders(): string | null {
  const places = [join(dirname(process.execPath), '..', 'include', 'node')];
  const told = process.env['npm_config_nodedir'];
  if (told !== undefined && told !== '') places.push(join(told, 'include', 'node'));
  const version = process.versions.node;
  places.push(
    join(homedir(), '.cache', 'node-gyp', version, 'include', 'node'),
    join(homedir(), 'Library', 'Caches', 'node-gyp', version, 'include', 'node'),
  );
  return places.find((place) => existsSync(join(place, 'node_api.h'))) ?? null;
}
