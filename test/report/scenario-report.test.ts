import { describe, expect, it } from 'vitest';
import { csv } from '../../src/report/csv.js';
import { scenarioReport } from '../../src/report/scenario-report.js';
import { runScenario } from '../../src/scenario/run-scenario.js';
import square from '../scenario/square.js';

describe('scenarioReport', () => {
  it('prints question, parameters, rows and verdicts', async () => {
    const { document, report } = await runScenario(square, { name: 'square', settings: ['a=2', 'b=40'] });
    expect(scenarioReport(document, report)).toBe(`products of small numbers

Predicted: a · b.

fixed   a 2; b 40; label "plain"; deep {"shift":0}; fault false

1 point
a   b  i  label  point  a · b [units]
─────────────────────────────────────
2  40  0  plain      0           80.0
2  40  1  plain      0           80.3

2 rows

DOES NOT HOLD  products are below 70: 2
not judged     nothing is known of b = 30`);
  });
});

describe('csv', () => {
  it('writes keys and full numbers, and quotes what needs it', () => {
    expect(
      csv(
        [{ key: 'a' }, { key: 'b,c' }],
        [
          { a: 0.1, 'b,c': 'say "x"\n' },
          { a: null, 'b,c': true },
        ],
      ),
    ).toBe('a,"b,c"\n0.1,"say ""x""\n"\n,true\n');
  });
});
