// Clocked SC_METHODs, each writing its own sc_signal at every edge: the yardstick of bench/ddr3.ts.
// usage: clocked-methods METHODS WARM_UP_CYCLES CYCLES; prints CPU seconds, activations and a checksum.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <systemc.h>
#include <vector>

struct Counter : sc_module {
  sc_in_clk clk;
  sc_signal<int> q;
  SC_HAS_PROCESS(Counter);
  explicit Counter(sc_module_name name) : sc_module(name) {
    SC_METHOD(tick);
    sensitive << clk.pos();
    dont_initialize();
  }
  void tick() { q.write(q.read() + 1); }
};

int sc_main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: clocked-methods METHODS WARM_UP_CYCLES CYCLES\n");
    return 2;
  }
  const int methods = std::atoi(argv[1]);
  const int warm = std::atoi(argv[2]);
  const int cycles = std::atoi(argv[3]);
  sc_clock clk("clk", 10, SC_NS, 0.5, 10, SC_NS, true);
  std::vector<std::unique_ptr<Counter>> counters;
  for (int i = 0; i < methods; i++) {
    counters.emplace_back(new Counter(("counter" + std::to_string(i)).c_str()));
    counters.back()->clk(clk);
  }
  // Half a period past the edge, so that each call runs a whole number of rising edges.
  sc_start(10.0 * warm + 5, SC_NS);
  const std::clock_t start = std::clock();
  sc_start(10.0 * cycles, SC_NS);
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;

  uint32_t sum = 0;
  for (const auto& counter : counters) sum += static_cast<uint32_t>(counter->q.read());
  std::printf("%.9f %.0f %u\n", took, 1.0 * methods * cycles, sum);
  return 0;
}
