import protobuf from 'protobufjs/minimal.js';
import type { Attributes } from '../../kernel/index.js';

/**
 * Fields of Perfetto's trace protobuf that we write: the names and numbers of `protos/perfetto/trace/trace_packet.proto` and
 * `protos/perfetto/trace/track_event/{track_descriptor,counter_descriptor,track_event,debug_annotation}.proto`.
 */
const TRACE = { packet: 1 } as const;
const TRACE_PACKET = {
  timestamp: 8,
  trusted_packet_sequence_id: 10,
  track_event: 11,
  track_descriptor: 60,
} as const;
const TRACK_DESCRIPTOR = { uuid: 1, name: 2, parent_uuid: 5, counter: 8 } as const;
const TRACK_EVENT = {
  debug_annotations: 4,
  type: 9,
  track_uuid: 11,
  categories: 22,
  name: 23,
  counter_value: 30,
  double_counter_value: 44,
} as const;
const TYPE = { slice_begin: 1, slice_end: 2, instant: 3, counter: 4 } as const;
const DEBUG_ANNOTATION = { bool_value: 2, int_value: 4, double_value: 5, string_value: 6, name: 10 } as const;

/** All packets are of one sequence. */
const SEQUENCE = 1;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const tag = (field: number, wire: number): number => field * 8 + wire;

export interface SliceStart {
  readonly track: number;
  readonly name: string;
  readonly category: string;
  readonly annotations: readonly Attributes[];
}

type Writer = protobuf.Writer;

/**
 * Perfetto's packets, one after another, each as the bytes of a field of the message Trace: a file of them is a trace.
 *
 * Units    ns; uuids of tracks from 1 on.
 */
export class PerfettoPackets {
  constructor(private readonly put: (bytes: Uint8Array) => void) {}

  /** A track, drawn in that of its parent; 0 for none. */
  track(uuid: number, name: string, parent: number, isCounter = false): void {
    this.packet((w) => {
      w.uint32(tag(TRACE_PACKET.track_descriptor, BYTES)).fork();
      w.uint32(tag(TRACK_DESCRIPTOR.uuid, VARINT)).uint64(uuid);
      w.uint32(tag(TRACK_DESCRIPTOR.name, BYTES)).string(name);
      if (parent > 0) w.uint32(tag(TRACK_DESCRIPTOR.parent_uuid, VARINT)).uint64(parent);
      if (isCounter) w.uint32(tag(TRACK_DESCRIPTOR.counter, BYTES)).fork().ldelim();
      w.ldelim();
    });
  }

  sliceBegin(ns: number, start: SliceStart): void {
    this.event(ns, TYPE.slice_begin, start.track, (w) => described(w, start));
  }

  sliceEnd(ns: number, track: number): void {
    this.event(ns, TYPE.slice_end, track, () => {});
  }

  instant(ns: number, start: SliceStart): void {
    this.event(ns, TYPE.instant, start.track, (w) => described(w, start));
  }

  counter(ns: number, track: number, value: number): void {
    this.event(ns, TYPE.counter, track, (w) => {
      if (Number.isSafeInteger(value)) w.uint32(tag(TRACK_EVENT.counter_value, VARINT)).int64(value);
      else w.uint32(tag(TRACK_EVENT.double_counter_value, FIXED64)).double(value);
    });
  }

  private event(ns: number, type: number, track: number, rest: (w: Writer) => void): void {
    this.packet((w) => {
      w.uint32(tag(TRACE_PACKET.timestamp, VARINT)).uint64(ns);
      w.uint32(tag(TRACE_PACKET.track_event, BYTES)).fork();
      w.uint32(tag(TRACK_EVENT.type, VARINT)).uint32(type);
      w.uint32(tag(TRACK_EVENT.track_uuid, VARINT)).uint64(track);
      rest(w);
      w.ldelim();
    });
  }

  private packet(body: (w: Writer) => void): void {
    const w = protobuf.Writer.create();
    w.uint32(tag(TRACE.packet, BYTES)).fork();
    w.uint32(tag(TRACE_PACKET.trusted_packet_sequence_id, VARINT)).uint32(SEQUENCE);
    body(w);
    this.put(w.ldelim().finish());
  }
}

function described(w: Writer, { name, category, annotations }: SliceStart): void {
  w.uint32(tag(TRACK_EVENT.categories, BYTES)).string(category);
  w.uint32(tag(TRACK_EVENT.name, BYTES)).string(name);
  for (const attributes of annotations)
    for (const [key, value] of Object.entries(attributes)) {
      w.uint32(tag(TRACK_EVENT.debug_annotations, BYTES)).fork();
      w.uint32(tag(DEBUG_ANNOTATION.name, BYTES)).string(key);
      annotation(w, value);
      w.ldelim();
    }
}

function annotation(w: Writer, value: number | string | boolean): void {
  if (typeof value === 'boolean') w.uint32(tag(DEBUG_ANNOTATION.bool_value, VARINT)).bool(value);
  else if (typeof value === 'string') w.uint32(tag(DEBUG_ANNOTATION.string_value, BYTES)).string(value);
  else if (Number.isSafeInteger(value)) w.uint32(tag(DEBUG_ANNOTATION.int_value, VARINT)).int64(value);
  else w.uint32(tag(DEBUG_ANNOTATION.double_value, FIXED64)).double(value);
}
