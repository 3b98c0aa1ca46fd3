// Simple dual-port block RAM: one write port, one read port with the output register in use.
//
// Word     LANES lanes of LANE_BITS bits, lane 0 least significant.
// Timing   A word written in cycle c is what a read in c+1 or later gives. A read in cycle c shows in rdata
//          from c+2 on, until the next one does: the memory's latch takes the word at edge c, the output
//          register at edge c+1. A read and a write of one address in one cycle is the user's mistake, as
//          is an address of WORDS or more.
// Storage  WORDS (any integer >= 1) words. Memory, latch and output register are zeroed at configuration
//          only: there is no reset.
// Source   Xilinx UG473, simple dual-port mode with DOA_REG = 1; the machine contract, section 7.
module bram #(
    parameter WORDS = 512,
    parameter LANES = 1,
    parameter LANE_BITS = 16
) (
    input  wire                                            clk,
    input  wire                                            we,
    input  wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0]    waddr,
    input  wire [LANES*LANE_BITS-1:0]                      wdata,
    input  wire                                            re,
    input  wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0]    raddr,
    output reg  [LANES*LANE_BITS-1:0]                      rdata
);
    localparam W = LANES * LANE_BITS;

    reg [W-1:0] mem [0:WORDS-1];
    reg [W-1:0] latch;
    reg fresh; // the latch has a word that the output register has not

    integer k;
    initial begin
        for (k = 0; k < WORDS; k = k + 1) mem[k] = {W{1'b0}};
        latch = {W{1'b0}};
        rdata = {W{1'b0}};
        fresh = 1'b0;
    end

    always @(posedge clk) begin
        if (we) mem[waddr] <= wdata;
    end

    always @(posedge clk) begin
        if (re) latch <= mem[raddr];
        fresh <= re;
        if (fresh) rdata <= latch;
    end
endmodule
