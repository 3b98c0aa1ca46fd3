#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { marblewave } = await import(main.href);
  await marblewave(process.argv.slice(2));
} else {
  process.stderr.write('marblewave: not built yet (dist/ is missing); run: npm run build\n');
  process.exitCode = 2;
}
