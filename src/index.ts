/** marblewave: kernel, numbers, components, machines, networks and runs, for scripts and tools. */
export * from './kernel/index.js';

export { wrap } from './numbers/accumulator.js';
export {
  type FixedFormat,
  fixedFormat,
  formatName,
  parseFormat,
  quantise as quantiseValue,
  toReal,
} from './numbers/format.js';
export { advance16, lfsrAdvance, lfsrStep, MAXIMAL_TAPS } from './numbers/lfsr.js';
export { RowProduct, SliceProduct } from './numbers/matrix-product.js';
export { roundingAddend, roundingShift, roundResult } from './numbers/rounding.js';
export { roundingSeed } from './numbers/seeds.js';

export { type CheckAllOptions, checkAxiLinks } from './components/axi/check-links.js';
export { AxiClockCrossing, type AxiClockCrossingSpec } from './components/axi/clock-crossing.js';
export { AxiProtocolError, AxiResponseError, type AxiViolation } from './components/axi/errors.js';
export {
  type AddressRange,
  type Arbitration,
  AxiInterconnect,
  type AxiInterconnectSpec,
} from './components/axi/interconnect.js';
export { AxiModule, type AxiPort, type AxiPortShape, connectAxi } from './components/axi/link.js';
export {
  AXI_RULES,
  AxiProtocolChecker,
  type AxiProtocolCheckerSpec,
  type AxiRule,
} from './components/axi/protocol-checker.js';
export { AxiRegisterSlice, type AxiRegisterSliceSpec } from './components/axi/register-slice.js';
export { AxiWidthConverter, type AxiWidthConverterSpec } from './components/axi/width-converter.js';
export { AxiMemory, type AxiMemorySpec } from './components/ddr3/axi-memory.js';
export type { Ddr3Command, Ddr3Listener } from './components/ddr3/commands.js';
export { Ddr3, ddr3Clock, type Ddr3ModuleSpec } from './components/ddr3/ddr3.js';
export type { Ddr3Report, LatencyReport } from './components/ddr3/report.js';
export { type Ddr3Config, type Ddr3Options, ddr3Spec, type Ddr3Spec } from './components/ddr3/spec.js';
export {
  type CheckedCommand,
  checkerLimits,
  type CheckerLimits,
  Ddr3TimingChecker,
  type TimingViolation,
  violationText,
} from './components/ddr3/timing-checker.js';
export type { Ddr3Timing } from './components/ddr3/timing-table.js';
export { Bram, bram36Count } from './components/bram.js';
export { DspMacc, type DspMaccSpec } from './components/dsp-macc.js';
export { DspRound, type DspRoundSpec } from './components/dsp-round.js';
export { Fifo, type FifoSpec } from './components/fifo.js';
export { L2Cache, type L2Spec } from './components/l2-cache.js';
export { connectL2, L2ToSa } from './components/l2-to-sa.js';
export { Lfsr, type LfsrSpec } from './components/lfsr.js';
export { Pool, type PoolSpec } from './components/pool.js';
export { ReadDma, type ReadDmaSpec } from './components/read-dma.js';
export { RowCollector, type RowCollectorSpec } from './components/row-collector.js';
export { type SliceFields, type SystolicArraySpec, sliceFields } from './components/systolic-array/spec.js';
export { StructuralArray } from './components/systolic-array/structural-array.js';
export { type SliceRun, SystolicArray } from './components/systolic-array/systolic-array.js';
export { STALL_CAUSES, type StallCause } from './components/top/stall-causes.js';
export { TopController } from './components/top/top-controller.js';
export { WriteDma, type WriteDmaSpec } from './components/write-dma.js';

export { FunctionalGupta } from './machines/gupta/functional.js';
export { Gupta } from './machines/gupta/gupta.js';
export { type LayerPlan, type MachineLayer, planLayer } from './machines/gupta/plan.js';
export { GuptaRunner, type LayerRun, type RunSettings } from './machines/gupta/runner.js';
export { guptaSchema, guptaSpec, type GuptaSpec, type GuptaSpecInput } from './machines/gupta/spec.js';

export { type DataSet, imageBytes, imageCodes, loadDataSet } from './networks/data-set.js';
export { loadNetwork, type LoadedNetwork } from './networks/network-file.js';
export { type Network, parseNetwork } from './networks/network.js';
export { type ProductStep, quantise, type QuantisedNetwork } from './networks/quantise.js';
export { randomImages, randomWeights, withRandomWeights } from './networks/random-inputs.js';
export { runReference } from './networks/reference.js';
export { loadNamedNetwork, namedNetwork, namedNetworks } from './networks/zoo.js';

export type { DramDocument } from './scenario/dram-document.js';
export { runNetwork, type NetworkRunOptions } from './scenario/network-run.js';
export { runConfig, type RunConfig } from './scenario/run-config.js';
export type { RunDocument } from './scenario/run-document.js';
export { runReport } from './report/run-report.js';

/** The schema library that parameters of scenarios are written in, so that a script needs no copy of its own. */
export { z } from 'zod';
export type { BarPlot, LinePlot, Plot } from './scenario/plot.js';
export { runScenario, type ScenarioResult } from './scenario/run-scenario.js';
export {
  defineScenario,
  type Expectation,
  type Row,
  type Scenario,
  type ScenarioContext,
  type ScenarioReport,
  type ScenarioTable,
} from './scenario/scenario.js';
export type { ScenarioDocument } from './scenario/scenario-document.js';
export { csv } from './report/csv.js';
export { scenarioReport } from './report/scenario-report.js';
export { svgPlot } from './report/svg-plot.js';

export type { WaveChange, WaveFile, WaveKind, WaveSelection, WaveSignal, WaveValue } from './trace/waves.js';
export { VcdError } from './trace/vcd/errors.js';
export type { VcdDeclaration, VcdHeader } from './trace/vcd/header.js';
export { joinBits } from './trace/vcd/join-bits.js';
export { openVcd, type VcdFile, type VcdSignal } from './trace/vcd/open-vcd.js';
export { scanVcd, type VcdSection, type VcdVisitor } from './trace/vcd/scanner.js';
export { bitsOf, lanesOf } from './trace/vcd/values.js';
export { writeVcd, type WriteVcdOptions } from './trace/vcd/write-vcd.js';
export {
  openTrace,
  type TraceFile,
  type TraceFileOptions,
  type TransactionSelection,
} from './trace/mwt/trace-file.js';
export { type MwtHead, type MwtSignal } from './trace/mwt/header.js';
export { type MwtOptions, MwtWriter } from './trace/mwt/writer.js';
export { recordMwt } from './trace/record-mwt.js';
export { recordVcd } from './trace/vcd-recorder.js';
export { type EngineName, engineNames, type EngineReport, engineReport } from './rtl/engines.js';
export { RtlError } from './rtl/errors.js';
export { loadRtl, type RtlLoad } from './rtl/load.js';
export type { RtlModel, RtlRun, RtlValue } from './rtl/model.js';
export type { RtlPort } from './rtl/port.js';
export type { Decimated } from './trace/mwt/decimate.js';
export type { TraceTransaction } from './trace/mwt/transaction-table.js';
export { DiffError } from './trace/diff/errors.js';
export { diffWaves, type Divergence, type SignalDiff, type WaveDiff } from './trace/diff/diff-waves.js';
export type { Alignment, DiffMode, DiffOptions, XPolicy } from './trace/diff/options.js';
export { memoryWaves, type MemorySignal, type MemoryWaves } from './trace/memory-waves.js';
export { openWaves } from './trace/open-waves.js';
export { textWave, type TextWaveOptions, type WaveRow } from './trace/text-wave.js';
