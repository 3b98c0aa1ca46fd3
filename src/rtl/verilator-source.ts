import { driverSource } from './driver-source.js';
import { directionOf, type PortLayout, type PortShape, topMask } from './port.js';

/** The ports that Verilator declares in a model's header, in its order. */
export function headerPorts(top: string, header: string): PortShape[] {
  const declared = /^\s*VL_(INOUT|IN|OUT)(?:8|16|64|W)?\(&(\w+),(\d+),(\d+)(?:,\d+)?\);/gm;
  return [...header.matchAll(declared)].map(([, kind, member, high, low]) => {
    const name = verilogName(member!);
    const direction = directionOf(top, name, kind === 'IN' ? 'input' : kind === 'OUT' ? 'output' : 'inout');
    return { name, direction, width: Number(high) - Number(low) + 1 };
  });
}

/** Verilator writes characters that C++ refuses, and the second of two underscores, as `__0` and two hexadecimal digits. */
const verilogName = (member: string): string =>
  member.replaceAll(/__0([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));

const memberName = (name: string): string => name.replaceAll('__', '___05F');

/** The struct Model of `driver-source.ts` around a verilated model. */
function modelSource(
  { ports, inputWords, outputWords }: PortLayout,
  falling: boolean,
  trace: boolean,
): string {
  const load: string[] = [];
  const store: string[] = [];
  for (const { name, direction, width, word, words } of ports) {
    const member = `top->${memberName(name)}`;
    const at = (k: number): string => `w[${direction === 'input' ? word + k : word - inputWords + k}]`;
    const mask = `0x${topMask(width).toString(16)}u`;
    if (direction === 'input') {
      if (width <= 32) load.push(`${member} = ${at(0)} & ${mask};`);
      else if (width <= 64) load.push(`${member} = ((uint64_t)(${at(1)} & ${mask}) << 32) | ${at(0)};`);
      else {
        for (let k = 0; k < words; k++)
          load.push(`${member}[${k}] = ${at(k)}${k === words - 1 ? ` & ${mask}` : ''};`);
      }
    } else if (width <= 32) store.push(`${at(0)} = ${member};`);
    else if (width <= 64)
      store.push(`${at(0)} = (uint32_t)${member};`, `${at(1)} = (uint32_t)(${member} >> 32);`);
    else for (let k = 0; k < words; k++) store.push(`${at(k)} = ${member}[${k}];`);
  }
  return `#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include "Vmodel.h"
#include "verilated.h"
${trace ? '#include "verilated_vcd_c.h"' : ''}
static const int INPUT_WORDS = ${inputWords}, OUTPUT_WORDS = ${outputWords};
static const bool FALLING = ${String(falling)};

static thread_local bool finished = false;
void vl_finish(const char*, int, const char*) { finished = true; }
void vl_stop(const char* file, int line, const char*) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": $stop");
}
void vl_fatal(const char* file, int line, const char*, const char* said) {
  throw std::runtime_error(std::string(file ? file : "") + ":" + std::to_string(line) + ": " + said);
}

struct Model {
  std::unique_ptr<VerilatedContext> context;
  std::unique_ptr<Vmodel> top;
${trace ? '  std::unique_ptr<VerilatedVcdC> vcd;' : ''}
  void make(uint32_t seed) {
    top.reset();
    context.reset(new VerilatedContext);
    context->randReset(seed == 0 ? 0 : 2);
    context->randSeed((int)(seed & 0x7fffffff));
    ${trace ? 'context->traceEverOn(true);' : ''}
    top.reset(new Vmodel(context.get(), "TOP"));
  }
  void load(const uint32_t* w) {
    ${load.join('\n    ')}
  }
  void store(uint32_t* w) {
    ${store.join('\n    ')}
  }
  void eval() {
    top->eval();
    if (finished) { finished = false; throw std::runtime_error("$finish"); }
  }
  void edge() { eval(); }
  void refresh() {}
  void dump(uint64_t ps) {
    (void)ps;
    ${trace ? 'context->time(ps); vcd->dump(ps);' : ''}
  }
  void start(const char* file) {
    (void)file;
    ${trace ? 'vcd.reset(new VerilatedVcdC); top->trace(vcd.get(), 99); vcd->set_time_unit("1ps"); vcd->set_time_resolution("1ps"); vcd->open(file); if (!vcd->isOpen()) throw std::runtime_error("the dump cannot be written");' : ''}
  }
  void stop() {
    ${trace ? 'if (vcd) { vcd->close(); vcd.reset(); }' : ''}
  }
};
`;
}

/** An N-API addon whose \`create(image, clockWords, half, seed)\` gives an object with the calls of \`Backend\`. */
export function addonSource(layout: PortLayout, falling: boolean, trace: boolean): string {
  return `${modelSource(layout, falling, trace)}${driverSource}
#include <node_api.h>

struct Handle { Driver driver; napi_ref image = nullptr; uint32_t seed = 0; };

static double number(napi_env env, napi_value value) { double d = 0; napi_get_value_double(env, value, &d); return d; }

static uint32_t* words(napi_env env, napi_value value) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  if (type == napi_null || type == napi_undefined) return nullptr;
  void* data = nullptr;
  napi_get_typedarray_info(env, value, nullptr, nullptr, &data, nullptr, nullptr);
  return (uint32_t*)data;
}

static void close(Driver& d) {
  try { d.model.stop(); if (d.model.top) d.model.top->final(); } catch (...) {}
  d.model.top.reset();
  d.model.context.reset();
}

struct Call {
  napi_env env; Handle* handle; napi_value arg[8]; size_t args = 8;
  Call(napi_env e, napi_callback_info info) : env(e) {
    void* data; napi_get_cb_info(env, info, &args, arg, nullptr, &data); handle = (Handle*)data;
  }
  template <class F> napi_value with(F action) {
    if (!handle->driver.model.top) { napi_throw_error(env, nullptr, "closed"); return nullptr; }
    try { action(handle->driver); } catch (const std::exception& error) { napi_throw_error(env, nullptr, error.what()); }
    return nullptr;
  }
};

static napi_value eval(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) { d.eval(); });
}
static napi_value step(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) { d.step((uint32_t)number(env, call.arg[0]), (uint64_t)number(env, call.arg[1])); });
}
static napi_value run(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) {
    d.run((uint32_t)number(env, call.arg[0]), (uint32_t)number(env, call.arg[1]), (uint64_t)number(env, call.arg[2]),
          (uint64_t)number(env, call.arg[3]), words(env, call.arg[4]), words(env, call.arg[5]));
  });
}
static napi_value start_vcd(napi_env env, napi_callback_info info) {
  Call call(env, info);
  char file[4096]; size_t length;
  napi_get_value_string_utf8(env, call.arg[0], file, sizeof file, &length);
  return call.with([&](Driver& d) { d.model.start(file); d.dumping = true; });
}
static napi_value stop_vcd(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) { d.dumping = d.any_dumped = false; d.model.stop(); });
}
static napi_value reset(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) {
    close(d);
    d.model.make(call.handle->seed);
    d.fresh = true;
    d.eval();
  });
}
static napi_value close_model(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.with([&](Driver& d) { close(d); });
}

static void finalize(napi_env env, void* data, void*) {
  Handle* handle = (Handle*)data;
  close(handle->driver);
  napi_delete_reference(env, handle->image);
  delete handle;
}

static napi_value create(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Handle* handle = new Handle;
  napi_create_reference(env, call.arg[0], 1, &handle->image);
  Driver& d = handle->driver;
  d.image = words(env, call.arg[0]);
  size_t clocks = 0; void* clock_words = nullptr;
  napi_get_typedarray_info(env, call.arg[1], nullptr, &clocks, &clock_words, nullptr, nullptr);
  d.clocks = (int)clocks;
  memcpy(d.clock_word, clock_words, 4 * clocks);
  d.half = (uint64_t)number(env, call.arg[2]);
  handle->seed = (uint32_t)number(env, call.arg[3]);
  napi_value object;
  napi_create_object(env, &object);
  napi_wrap(env, object, handle, finalize, nullptr, nullptr);
  const struct { const char* name; napi_callback call; } calls[] = {
    {"eval", eval}, {"step", step}, {"run", run}, {"startVcd", start_vcd}, {"stopVcd", stop_vcd}, {"reset", reset}, {"close", close_model}};
  for (const auto& each : calls) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.call, handle, &function);
    napi_set_named_property(env, object, each.name, function);
  }
  try { d.model.make(handle->seed); d.eval(); } catch (const std::exception& error) { napi_throw_error(env, nullptr, error.what()); }
  return object;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "create", NAPI_AUTO_LENGTH, create, nullptr, &function);
  napi_set_named_property(env, exports, "create", function);
  return exports;
}
`;
}

/** A program that obeys frames on stdin and answers on descriptor 3; see \`pipe-backend.ts\`. */
export function pipeSource(layout: PortLayout, falling: boolean, trace: boolean): string {
  return `${modelSource(layout, falling, trace)}${driverSource}
#include <cstdlib>
#include <vector>

static void take(void* to, size_t bytes) { if (bytes && fread(to, 1, bytes, stdin) != bytes) exit(0); }
static FILE* answers;
static void give(const void* from, size_t bytes) { if (bytes) fwrite(from, 1, bytes, answers); }

// A frame: what, cycles, clocks, with rows (1 inputs, 2 outputs), time (ps, two words), period.
struct Frame { uint32_t what, cycles, clocks, rows, time_low, time_high, period; };

static void obey(Driver& d, const Frame& f, uint32_t seed) {
  const uint64_t time = ((uint64_t)f.time_high << 32) | f.time_low;
  if (f.what == 0) { take(d.image, 4 * INPUT_WORDS); d.eval(); }
  else if (f.what == 1) { take(d.image, 4 * INPUT_WORDS); d.step(f.clocks, time); }
  else if (f.what == 2) {
    std::vector<uint32_t> in((f.rows & 1 ? (size_t)f.cycles : 1) * INPUT_WORDS), out(f.rows & 2 ? (size_t)f.cycles * OUTPUT_WORDS : 0);
    take(in.data(), 4 * in.size());
    memcpy(d.image, in.data(), 4 * INPUT_WORDS);
    d.run(f.cycles, f.clocks, time, f.period, f.rows & 1 ? in.data() : nullptr, f.rows & 2 ? out.data() : nullptr);
    give(out.data(), 4 * out.size());
  } else if (f.what == 3) {
    std::string file(f.cycles, 0);
    take(&file[0], file.size());
    d.model.start(file.c_str());
    d.dumping = true;
  } else if (f.what == 4) { d.dumping = d.any_dumped = false; d.model.stop(); }
  else if (f.what == 5) {
    d.model.stop();
    d.dumping = d.any_dumped = false;
    d.model.make(seed);
    d.fresh = true;
    memset(d.image, 0, 4 * INPUT_WORDS);
    d.eval();
  }
  give(d.image + INPUT_WORDS, 4 * OUTPUT_WORDS);
  fflush(answers);
}

int main(int count, char** arg) {
  static uint32_t image[INPUT_WORDS + OUTPUT_WORDS + 1];
  static Driver d;
  answers = fdopen(3, "wb");
  if (!answers) return 2;
  d.image = image;
  const uint32_t seed = (uint32_t)strtoul(arg[1], nullptr, 10);
  d.half = strtoull(arg[2], nullptr, 10);
  for (int k = 3; k < count; k++) d.clock_word[d.clocks++] = (uint32_t)strtoul(arg[k], nullptr, 10);
  try {
    d.model.make(seed);
    d.eval();
    for (;;) {
      Frame frame;
      take(&frame, sizeof frame);
      obey(d, frame, seed);
    }
  } catch (const std::exception& error) {
    fprintf(stderr, "%s\\n", error.what());
    return 3;
  }
}
`;
}
