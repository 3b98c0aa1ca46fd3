export { Channel, type ChannelState, type Fields, type Payload, type Transfer } from './channel.js';
export { Run, type RunOffer, type ShowBeat } from './channel-run.js';
export { Clock } from './clock.js';
export {
  AsyncDriveError,
  CombinationalLoopError,
  ConfigError,
  DeadlockError,
  ExpressionError,
  GlueError,
  GlueLoopError,
  type LoopStep,
  MarblewaveError,
  PathError,
  show,
  SnapshotError,
  type Wait,
  WatchdogError,
  WidthError,
  WiringError,
} from './errors.js';
export { EventQueue } from './event-queue.js';
export { compileExpression } from './expression.js';
export { connect, type ConnectOptions, type Drive, register, settled } from './glue.js';
export { Module, type ModuleFactory } from './module.js';
export { type AnyNet, type Direction, Net, Signal, type Tap, VectorSignal } from './net.js';
export { Probe, type ProbeHooks } from './probe.js';
export { SimScheduler } from './scheduler.js';
export { CONTROL, type RunOptions, type RunResult } from './run-control.js';
export { Simulator, type SimulatorOptions } from './simulator.js';
export { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
export { type Rational, Timebase } from './time.js';
export { type Attributes, type TransactionRecord, Transactions } from './transactions.js';
export {
  bits,
  bitsFor,
  bool,
  enumeration,
  event,
  fixed,
  int,
  typeMax,
  typeMin,
  typeName,
  uint,
  type ValueType,
  vector,
  type VectorType,
} from './value-type.js';
