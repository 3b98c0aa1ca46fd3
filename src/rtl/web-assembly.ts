// The compiler's own WebAssembly types come only with the DOM library, which a Node program does not want.
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Module: {
    imports(module: WasmModule): readonly { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
}

/** A compiled module, to be instantiated as often as wanted. */
export interface WasmModule {
  readonly compiled?: never;
}

/** Node's own. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
