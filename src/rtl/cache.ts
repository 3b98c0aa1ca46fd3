import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../kernel/index.js';

/** Where compiled models are kept: `MARBLEWAVE_CACHE`, else `marblewave` in `XDG_CACHE_HOME` or in `~/.cache`. */
export function defaultCacheFolder(): string {
  const own = process.env['MARBLEWAVE_CACHE'];
  if (own !== undefined && own !== '') return own;
  const shared = process.env['XDG_CACHE_HOME'];
  return join(shared === undefined || shared === '' ? join(homedir(), '.cache') : shared, 'marblewave');
}

/** Builds under way in this process, so that two who want the same wait for one. */
const underWay = new Map<string, Promise<string>>();

/**
 * The folder that holds what `build` makes, built now if it is not there. A build has its final name only once it is whole, and of two
 * processes that build the same at once either may win.
 *
 * @param key all that the result depends on; its hash is the folder's name
 * @throws ConfigError when the cache cannot be written; whatever `build` throws
 */
export function cached(
  cacheFolder: string,
  kind: string,
  key: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const name = `${kind}-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32)}`;
  const final = resolve(cacheFolder, 'rtl', name);
  const before = underWay.get(final);
  if (before !== undefined) return before;
  if (existsSync(final)) return Promise.resolve(final);
  const now = make(final, build).finally(() => underWay.delete(final));
  underWay.set(final, now);
  return now;
}

async function make(final: string, build: (folder: string) => Promise<void>): Promise<string> {
  const partial = `${final}.${randomBytes(6).toString('hex')}.partial`;
  try {
    mkdirSync(partial, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    throw new ConfigError('rtl', 'cache folder', 'one that can be written', `${final} (${code})`);
  }
  try {
    await build(partial);
    try {
      renameSync(partial, final);
    } catch (error) {
      if (!existsSync(final)) throw error;
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return final;
}
