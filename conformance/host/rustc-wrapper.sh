#!/bin/sh
# wasmcloud-host 0.27.1 nests its futures deeper than newer compilers follow by default; the limit
# is an attribute of the crate, which only its author can write.
rustc="$1"; shift
case " $* " in
  *" --crate-name wasmcloud_host "*) RUSTC_BOOTSTRAP=1 exec "$rustc" "$@" '-Zcrate-attr=recursion_limit="512"' ;;
  *) exec "$rustc" "$@" ;;
esac
