import { z } from 'zod';

const whole = z.int().min(0);
const text = z.string().min(1);

/** Of a trace file's header; what hangs together with something else is checked in header.ts. */
export const headerSchema = z.strictObject({
  format: z.literal('marblewave.trace/1'),
  configuration: z.unknown(),
  configurationHash: z.string().regex(/^[0-9a-f]{64}$/),
  seed: z.number().nullable(),
  unit: z.literal('ps'),
  clocks: z.array(
    z.strictObject({
      name: text,
      hz: z.strictObject({ num: whole, den: whole }),
      phasePs: whole,
    }),
  ),
  modules: z.array(text),
  signals: z.array(
    z.strictObject({
      path: text,
      kind: z.enum(['bits', 'event']),
      type: z
        .strictObject({
          kind: z.enum(['bool', 'uint', 'int', 'bits', 'fixed']),
          width: z.int().min(1).max(53),
          fraction: z.int().optional(),
        })
        .nullable(),
      lanes: z
        .int()
        .min(1)
        .max(2 ** 20),
      wave: z
        .int()
        .min(0)
        .max(2 ** 24 - 1),
      clock: text.nullable(),
    }),
  ),
  begin: whole,
});
