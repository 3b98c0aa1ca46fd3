// One element of the wavefront array: a DSP48-style multiply-accumulator with its operand
// pass-through registers, its local result register LR and its drain flag d.
//
// L        Pipeline depth from operands to P. 1: P alone. 2: product M, then P. 3: A/B, M, P
//          (a DSP48E1 with every register in use).
// ACCW     Accumulator width, 2..64 bits; P wraps at ACCW bits as the DSP does.
// Timing   No enable anywhere: every register moves on every edge. a_q, b_q, first_q and last_q are
//          exactly one register behind their inputs whatever L is. Operands and tags seen in cycle c
//          show in P in cycle c+L: P <= (first ? 0 : P) + a*b. `capture` is high in the cycle in which
//          the P of a `last` slice is visible, and LR takes P on the edge that ends it.
//          d <= d_set | d_in;  LR <= capture ? P : d_in ? lr_in : LR.  Capture beats shift.
// Source   The machine contract, sections 2 and 3.
module dsp_macc #(
    parameter L = 1,
    parameter ACCW = 48
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire signed [15:0]     a,
    input  wire signed [15:0]     b,
    input  wire                   first,
    input  wire                   last,
    output reg  signed [15:0]     a_q,
    output reg  signed [15:0]     b_q,
    output reg                    first_q,
    output reg                    last_q,
    output reg  signed [ACCW-1:0] p,
    input  wire                   d_set,
    input  wire                   d_in,
    input  wire        [ACCW-1:0] lr_in,
    output wire                   d_out,
    output wire        [ACCW-1:0] lr_out
);
    always @(posedge clk) begin
        if (rst) begin
            a_q <= 16'sd0;
            b_q <= 16'sd0;
            first_q <= 1'b0;
            last_q <= 1'b0;
        end else begin
            a_q <= a;
            b_q <= b;
            first_q <= first;
            last_q <= last;
        end
    end

    // Operands of the multiplier. With L = 3 the A and B registers are the pass-through registers.
    wire signed [15:0] mul_a;
    wire signed [15:0] mul_b;
    wire mul_first;
    wire mul_last;
    generate
        if (L >= 3) begin : operands_registered
            assign mul_a = a_q;
            assign mul_b = b_q;
            assign mul_first = first_q;
            assign mul_last = last_q;
        end else begin : operands_direct
            assign mul_a = a;
            assign mul_b = b;
            assign mul_first = first;
            assign mul_last = last;
        end
    endgenerate

    // Both operands signed and the target as wide as the product: (-32768)^2 = 2^30 fits.
    wire signed [31:0] product = mul_a * mul_b;
    wire signed [31:0] addend;
    wire add_first;
    wire add_last;
    generate
        if (L >= 2) begin : product_registered
            reg signed [31:0] m;
            reg m_first;
            reg m_last;
            always @(posedge clk) begin
                if (rst) begin
                    m <= 32'sd0;
                    m_first <= 1'b0;
                    m_last <= 1'b0;
                end else begin
                    m <= product;
                    m_first <= mul_first;
                    m_last <= mul_last;
                end
            end
            assign addend = m;
            assign add_first = m_first;
            assign add_last = m_last;
        end else begin : product_direct
            assign addend = product;
            assign add_first = mul_first;
            assign add_last = mul_last;
        end
    endgenerate

    // Sign-extend by hand: a part-select is unsigned, so it must be cut from a word already extended.
    /* verilator lint_off UNUSED */
    wire [63:0] extended = {{32{addend[31]}}, addend};
    /* verilator lint_on UNUSED */
    wire signed [ACCW-1:0] term = extended[ACCW-1:0];

    reg capture;
    always @(posedge clk) begin
        if (rst) begin
            p <= {ACCW{1'b0}};
            capture <= 1'b0;
        end else begin
            p <= (add_first ? {ACCW{1'b0}} : p) + term;
            capture <= add_last;
        end
    end

    reg d;
    reg [ACCW-1:0] lr;
    always @(posedge clk) begin
        if (rst) begin
            d <= 1'b0;
            lr <= {ACCW{1'b0}};
        end else begin
            d <= d_set | d_in;
            if (capture) lr <= p;
            else if (d_in) lr <= lr_in;
        end
    end
    assign d_out = d;
    assign lr_out = lr;
endmodule
