/**
 * C++ that drives a model, the same for every engine that compiles to C++. It wants before it: INPUT_WORDS, OUTPUT_WORDS, FALLING (the design
 * has a `negedge`) and a struct Model with
 *
 *   void load(const uint32_t*)   inputs from the image's words
 *   void store(uint32_t*)        outputs to words
 *   void eval()                  settles everything
 *   void edge()                  settles registers after a clock has risen; outputs may wait for refresh()
 *   void refresh()               outputs after edge()
 *   void dump(uint64_t ps)       the present values, into a Value Change Dump
 *
 * Values and times are those of `Backend`.
 */
export const driverSource = `
struct Driver {
  Model model;
  uint32_t* image;
  uint32_t seen[INPUT_WORDS + 1];
  uint32_t clock_word[32];
  int clocks = 0;
  uint64_t half = 1;
  uint64_t dumped = 0;
  bool fresh = true, dumping = false, any_dumped = false;

  void settle() {
    if (!fresh && memcmp(seen, image, 4 * INPUT_WORDS) == 0) return;
    model.load(image);
    model.eval();
    memcpy(seen, image, 4 * INPUT_WORDS);
    fresh = false;
  }

  void eval() {
    settle();
    model.store(image + INPUT_WORDS);
  }

  void set_clocks(uint32_t mask, uint32_t level) {
    for (int c = 0; c < clocks; c++) if ((mask >> c) & 1) image[clock_word[c]] = level;
  }

  void dump(uint64_t time) {
    if (any_dumped && time <= dumped) time = dumped + 1;
    model.dump(time);
    dumped = time;
    any_dumped = true;
  }

  void before(uint32_t mask, uint64_t time) {
    set_clocks(mask, 0);
    settle();
    if (dumping) dump(time > half ? time - half : 0);
  }

  void after(uint32_t mask, uint64_t time) {
    set_clocks(mask, 1);
    model.load(image);
    model.edge();
    memcpy(seen, image, 4 * INPUT_WORDS);
    if (dumping) { model.refresh(); dump(time); }
    set_clocks(mask, 0);
    if (FALLING) {
      settle();
      if (dumping) dump(time + half);
    }
  }

  void step(uint32_t mask, uint64_t time) {
    before(mask, time);
    after(mask, time);
    if (!FALLING) model.refresh();
    model.store(image + INPUT_WORDS);
  }

  void run(uint32_t cycles, uint32_t mask, uint64_t time, uint64_t period, const uint32_t* in, uint32_t* out) {
    for (uint32_t c = 0; c < cycles; c++, time += period) {
      if (in) memcpy(image, in + (size_t)c * INPUT_WORDS, 4 * INPUT_WORDS);
      before(mask, time);
      if (out) model.store(out + (size_t)c * OUTPUT_WORDS);
      after(mask, time);
    }
    if (!FALLING) model.refresh();
    model.store(image + INPUT_WORDS);
  }
};
`;
