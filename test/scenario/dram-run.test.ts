import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ddr3Spec } from '../../src/components/ddr3/spec.js';
import { dramDocumentSchema } from '../../src/scenario/dram-document.js';
import { DramRun } from '../../src/scenario/dram-run.js';
import { configs, shapes, stream } from '../components/ddr3/streams.js';

const idle = { seed: 1, requests: 1, writes: 0, locality: 0, rows: 1, bankBits: 0, pause: 0 };

describe('DramRun', () => {
  it('makes documents that fit the published schema as they stand, whatever the configuration, partial ones too', () => {
    fc.assert(
      fc.property(configs, shapes, fc.boolean(), fc.nat(400), (config, shape, check, requests) => {
        const spec = ddr3Spec(config);
        const run = new DramRun({ spec, trace: stream(shape, spec.map.bursts), name: 'stream', check });
        const done = run.advance(requests);
        const printed: unknown = JSON.parse(JSON.stringify(run.document()));
        expect(dramDocumentSchema.parse(printed)).toEqual(printed);
        expect(printed).toMatchObject({ partial: !done, config });
      }),
      { numRuns: 60 },
    );
  });

  it('makes one of no requests at all', () => {
    const spec = ddr3Spec();
    const run = new DramRun({ spec, trace: stream({ ...idle, requests: 0 }, spec.map.bursts), name: 'none' });
    expect(run.advance(1)).toBe(true);
    const document = dramDocumentSchema.parse(run.document());
    expect([document.clocks, document.readLatency.min, document.check]).toEqual([0, null, null]);
  });

  it.each([
    ['a figure too many', { figure: 1 }],
    ['another version', { schema: 'marblewave.dram/2' }],
    ['a count that is no count', { rowHits: 0.5 }],
    ['a rate above 1', { rowHitRate: 1.01 }],
    ['a cause of the bus too few', { bus: { read: 4 } }],
    ['settings as a text', { config: 'tRCD=0' }],
    ['no word of the checker', { check: undefined }],
  ])('has a schema that refuses %s', (_, change) => {
    const spec = ddr3Spec();
    const run = new DramRun({ spec, trace: stream(idle, spec.map.bursts), name: 'one' });
    run.advance(1);
    const document = run.document();
    expect(dramDocumentSchema.safeParse(document).success).toBe(true);
    expect(dramDocumentSchema.safeParse({ ...document, ...change }).success).toBe(false);
  });
});
