import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { blocks, root } from '../docs/markdown.js';
import { scratchFolder, source, ways } from './engine-bench.js';

const folder = scratchFolder();
const [wasm] = ways;

describe.skipIf(wasm!.missing)(`the example in docs/rtl-engines.md (${wasm!.note})`, () => {
  it('prints what the document says', { timeout: 300_000 }, async () => {
    const all = blocks('docs/rtl-engines.md');
    const at = all.findIndex(({ info }) => info === 'ts');
    const code = all[at]!.text.replace("'marblewave'", `'${pathToFileURL(join(root, 'src/index.ts')).href}'`);
    const file = source(folder, 'example.mts', code);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', MARBLEWAVE_CACHE: wasm!.load.cacheFolder },
    });
    expect(stdout.trim()).toBe(all[at + 1]!.text);
  });
});
