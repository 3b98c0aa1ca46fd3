import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Runs mnist-cnn from the sources in a folder, as often as it is asked, and answers with the CPU time, ms. */
const [src, mode] = process.argv.slice(2);

const load = <T>(file: string): Promise<T> => import(pathToFileURL(join(src!, file)).href) as Promise<T>;

const { runNetwork } = await load<typeof import('../src/scenario/network-run.js')>('scenario/network-run.ts');
const { runConfig } = await load<typeof import('../src/scenario/run-config.js')>('scenario/run-config.ts');
const { loadNamedNetwork } = await load<typeof import('../src/networks/zoo.js')>('networks/zoo.ts');
const { loadDataSet } = await load<typeof import('../src/networks/data-set.js')>('networks/data-set.ts');
if (mode === 'trace') await load('trace/record-mwt.ts');

const config = runConfig({});
const loaded = loadNamedNetwork('mnist-cnn');
const data = loadDataSet({ split: 'test' });

process.on('message', (images: number) => {
  const begun = process.cpuUsage();
  void runNetwork({
    config,
    loaded,
    data,
    images,
    fast: false,
    float: false,
    control: new Int32Array(new SharedArrayBuffer(4)),
  }).then((document) => {
    const { user, system } = process.cpuUsage(begun);
    if (!document.check.equal) throw new Error('the run differs from the reference');
    process.send!((user + system) / 1000);
  });
});
