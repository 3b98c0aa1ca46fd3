import { mkdirSync, writeFileSync } from 'node:fs';
import { documentSchemas } from '../src/scenario/schemas.js';

/** Writes the published JSON schemas: `npm run build:schemas`. A test holds them to the code. */
const folder = new URL('../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [file, text] of Object.entries(documentSchemas())) writeFileSync(new URL(file, folder), text);
