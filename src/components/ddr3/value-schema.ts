import { z } from 'zod';
import type { Ddr3Rule } from './spec.js';

/** What a key of the DDR3 configuration takes, as a schema. */
export function ddr3Value(rule: Ddr3Rule): z.ZodType {
  switch (rule.kind) {
    case 'whole':
      return z.int().min(rule.min).max(rule.max);
    case 'real':
      return z.number().min(rule.min).max(rule.max);
    case 'one':
      return z.literal(rule.of);
    default:
      return z.string();
  }
}
