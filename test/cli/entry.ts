import { marblewave } from '../../src/cli/main.js';

await marblewave(process.argv.slice(2));
