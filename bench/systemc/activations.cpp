// 1000 clocked registers and 1000 combinational processes in SystemC: the design of bench/kernel-activations.ts, process
// for process. Eight module classes; register i adds an odd step and twice the low byte of its neighbour's y, so that it
// changes at every edge and wakes its combinational process. Signals are read directly, not through ports: SystemC's
// quickest way. Prints CPU seconds, process activations and a checksum of the timed cycles.
//
//     activations MODULES WARM_UP_CYCLES CYCLES
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <systemc.h>
#include <vector>

struct Stage : sc_module {
  sc_in_clk clk;
  sc_signal<int> q, y;
  sc_signal<int>* d = nullptr;
  explicit Stage(sc_module_name name) : sc_module(name) {}
};

#define STAGE(NAME, STEP, EXPRESSION)                                              \
  struct NAME : Stage {                                                            \
    SC_HAS_PROCESS(NAME);                                                          \
    explicit NAME(sc_module_name name) : Stage(name) {                             \
      SC_METHOD(tick);                                                             \
      sensitive << clk.pos();                                                      \
      dont_initialize();                                                           \
      SC_METHOD(logic);                                                            \
      sensitive << q;                                                              \
    }                                                                              \
    void tick() { q.write((q.read() + STEP + 2 * (d->read() & 0xff)) & 0xffffff); } \
    void logic() {                                                                 \
      const int v = q.read();                                                      \
      y.write(EXPRESSION);                                                         \
    }                                                                              \
  };

STAGE(Adder, 1, (v + 77) & 0xffffff)
STAGE(Inverter, 3, v ^ 0xffffff)
STAGE(Shifter, 5, (v << 3) & 0xffffff)
STAGE(Halver, 7, v >> 1)
STAGE(Rotator, 9, ((v << 5) | (v >> 19)) & 0xffffff)
STAGE(Masker, 11, v & 0x5a5a5a)
STAGE(Gray, 13, v ^ (v >> 1))
STAGE(Tripler, 15, (v * 3) & 0xffffff)

static Stage* make(int i, const char* name) {
  switch (i % 8) {
    case 0: return new Adder(name);
    case 1: return new Inverter(name);
    case 2: return new Shifter(name);
    case 3: return new Halver(name);
    case 4: return new Rotator(name);
    case 5: return new Masker(name);
    case 6: return new Gray(name);
    default: return new Tripler(name);
  }
}

int sc_main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: activations MODULES WARM_UP_CYCLES CYCLES\n");
    return 2;
  }
  const int modules = std::atoi(argv[1]);
  const int warm = std::atoi(argv[2]);
  const int cycles = std::atoi(argv[3]);
  // The first edge comes after the initial run of the combinational processes.
  sc_clock clk("clk", 10, SC_NS, 0.5, 10, SC_NS, true);
  std::vector<std::unique_ptr<Stage>> stages;
  for (int i = 0; i < modules; i++) {
    stages.emplace_back(make(i, ("stage" + std::to_string(i)).c_str()));
    stages.back()->clk(clk);
  }
  for (int i = 0; i < modules; i++) stages[i]->d = &stages[(i + modules - 1) % modules]->y;

  // Half a period past the edge, so that each call runs a whole number of rising edges.
  sc_start(10.0 * warm + 5, SC_NS);
  const std::clock_t start = std::clock();
  sc_start(10.0 * cycles, SC_NS);
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;

  uint32_t sum = 0;
  for (int i = 0; i < modules; i++) sum = sum * 31 + static_cast<uint32_t>(stages[i]->y.read());
  std::printf("%.9f %.0f %u\n", took, 2.0 * modules * cycles, sum);
  return 0;
}
