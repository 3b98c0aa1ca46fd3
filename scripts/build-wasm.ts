/**
 * Compiles src/numbers/matrix-product.wat and writes src/numbers/matrix-product.wasm.ts:
 *
 *     npx tsx scripts/build-wasm.ts
 *
 * The compiled bytes are committed, so that using marblewave needs no assembler;
 * test/numbers/matrix-product.test.ts compiles the text again and compares.
 */
import { readFile, writeFile } from 'node:fs/promises';
import wabt from 'wabt';

const source = new URL('../src/numbers/matrix-product.wat', import.meta.url);
const target = new URL('../src/numbers/matrix-product.wasm.ts', import.meta.url);

const assembler = await wabt();
const parsed = assembler.parseWat('matrix-product.wat', await readFile(source, 'utf8'));
const { buffer } = parsed.toBinary({});
parsed.destroy();

const lines = Buffer.from(buffer)
  .toString('base64')
  .match(/.{1,100}/g)!;
await writeFile(
  target,
  `/** matrix-product.wat, compiled by scripts/build-wasm.ts: ${buffer.length} bytes of WebAssembly, in base64. */
export const MATRIX_PRODUCT_WASM = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`,
);
process.stderr.write(`${buffer.length} bytes\n`);
