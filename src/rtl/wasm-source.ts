import { driverSource } from './driver-source.js';
import { type PortLayout, topMask } from './port.js';

/** Words of rows that a pass takes at once, either way. */
const ROW_WORDS = 16_384;

/** Cycles that a pass takes at once. */
export const rowsOf = ({ inputWords, outputWords }: PortLayout): number =>
  Math.max(1, Math.floor(ROW_WORDS / Math.max(1, inputWords, outputWords)));

/** A public name as CXXRTL writes it. */
const memberName = (name: string): string =>
  `p_${name.replaceAll(/\W|_/g, (c) => (c === '_' ? '__' : `_${c.charCodeAt(0).toString(16)}_`))}`;

/** C++ around a CXXRTL model in `model.cc` whose top is named `model`: the exports that `wasm-backend.ts` calls. */
export function wasmSource(top: string, layout: PortLayout, falling: boolean, trace: boolean): string {
  const { ports, inputWords, outputWords } = layout;
  const load: string[] = [];
  const store: string[] = [];
  for (const { name, direction, width, word, words } of ports) {
    for (let k = 0; k < words; k++) {
      const chunk = `words_of(top.${memberName(name)})[${k}]`;
      const mask = k === words - 1 ? ` & 0x${topMask(width).toString(16)}u` : '';
      if (direction === 'input') load.push(`${chunk} = w[${word + k}]${mask};`);
      else store.push(`w[${word - inputWords + k}] = ${chunk};`);
    }
  }
  return `#include <cstring>
#include "model.cc"
${trace ? '#include <cxxrtl/cxxrtl_vcd.h>' : ''}
static const int INPUT_WORDS = ${inputWords}, OUTPUT_WORDS = ${outputWords};
static const bool FALLING = ${String(falling)};

template <size_t Bits> static uint32_t* words_of(value<Bits>& v) { return v.data; }
template <size_t Bits> static uint32_t* words_of(wire<Bits>& v) { return v.curr.data; }

static int unsettled = 0;

struct Model {
  cxxrtl_design::p_model top;
${trace ? '  cxxrtl::debug_items items;\n  cxxrtl::vcd_writer vcd;' : ''}
  void load(const uint32_t* w) {
    ${load.join('\n    ')}
  }
  void store(uint32_t* w) {
    ${store.join('\n    ')}
  }
  void eval() {
    for (int deltas = 0; deltas < 1000; deltas++) {
      top.eval();
      if (!top.commit()) return;
    }
    unsettled = 1;
  }
  void edge() {
    for (int deltas = 0; deltas < 1000; deltas++) {
      const bool converged = top.eval();
      if (!top.commit() || converged) return;
    }
    unsettled = 1;
  }
  void refresh() { eval(); }
  void dump(uint64_t ps) {
    (void)ps;
    ${trace ? 'vcd.sample(ps);' : ''}
  }
};
${driverSource}
static Driver driver;
static uint32_t image[INPUT_WORDS + OUTPUT_WORDS + 1];
static uint32_t rows_in[${rowsOf(layout) * inputWords + 1}], rows_out[${rowsOf(layout) * outputWords + 1}];

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))
EXPORT(image) uint32_t* get_image() { driver.image = image; return image; }
EXPORT(rows_in) uint32_t* get_rows_in() { return rows_in; }
EXPORT(rows_out) uint32_t* get_rows_out() { return rows_out; }
EXPORT(set_half) void set_half(double half) { driver.half = (uint64_t)half; }
EXPORT(add_clock) void add_clock(uint32_t word) { driver.clock_word[driver.clocks++] = word; }
EXPORT(eval) int eval() { driver.eval(); return unsettled; }
EXPORT(step) int step(uint32_t mask, double time) { driver.step(mask, (uint64_t)time); return unsettled; }
EXPORT(run) int run(uint32_t cycles, uint32_t mask, double time, double period, int in, int out) {
  driver.run(cycles, mask, (uint64_t)time, (uint64_t)period, in ? rows_in : nullptr, out ? rows_out : nullptr);
  return unsettled;
}
${
  trace
    ? `EXPORT(vcd_start) void vcd_start() {
  driver.model.top.debug_info(&driver.model.items, nullptr, "${top} ");
  driver.model.vcd.timescale(1, "ps");
  driver.model.vcd.add(driver.model.items, [](const std::string& name, const debug_item&) { return name.find('$') == std::string::npos; });
  driver.dumping = true;
}
EXPORT(vcd_stop) void vcd_stop() { driver.dumping = false; }
EXPORT(vcd_data) const char* vcd_data() { return driver.model.vcd.buffer.data(); }
EXPORT(vcd_size) uint32_t vcd_size() { return driver.model.vcd.buffer.size(); }
EXPORT(vcd_clear) void vcd_clear() { driver.model.vcd.buffer.clear(); }`
    : ''
}
`;
}
