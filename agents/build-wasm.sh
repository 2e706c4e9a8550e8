#!/usr/bin/env bash
# Builds the agents as wasm modules: into agents/wasm, or into the directory given as the first argument, so that a
# check can compare what comes out with what is committed.
#
# It uses Debian's rustc, which is the one that comes with a standard library for wasm32-wasi. The modules are the same
# byte for byte wherever the repository lies, as long as that compiler is the same.
set -euo pipefail

rustc=${WASM_RUSTC:-/usr/bin/rustc}
target=wasm32-wasi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/wasm}

missing() {
    echo "build-wasm.sh: $1" >&2
    echo "On Debian 12: apt-get install rustc libstd-rust-dev-wasm32 lld" >&2
    exit 1
}
[ -x "$rustc" ] || missing "there is no $rustc"
[ -d "$("$rustc" --print target-libdir --target "$target")" ] || missing "$rustc has no standard library for $target"
command -v rust-lld >/dev/null || missing "there is no rust-lld to link with"

mkdir -p "$out"
out=$(cd "$out" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# Paths in panic messages start at the agents' folder, wherever that is.
cd "$here"
flags=(--edition 2021 --target "$target" --remap-path-prefix "$here=." --deny warnings
    -C opt-level=3 -C panic=abort -C codegen-units=1)
"$rustc" "${flags[@]}" --crate-type rlib --crate-name maxwell_agents --out-dir "$build" src/lib.rs
for agent in scientist miner sleeper bursty cheat hoarder whale; do
    "$rustc" "${flags[@]}" -C lto=fat -C strip=symbols --extern "maxwell_agents=$build/libmaxwell_agents.rlib" \
        -o "$build/$agent.wasm" "src/bin/$agent.rs"
    install -m 644 "$build/$agent.wasm" "$out/$agent.wasm"
done
