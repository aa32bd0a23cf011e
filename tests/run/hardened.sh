#!/usr/bin/env bash
# nnc and the programs that it builds: position-independent, read-only relocations, no executable
# stack, canaries, checked sizes in calls of the C library, and no folder of the machine that built
# them. Fails when a flag of CMakeLists.txt or compiler/gen/link.c is lost.
. "$(dirname "$0")/common/begin.sh"
command -v readelf >/dev/null || skip "readelf is missing (binutils)"

# The sanitizers stand in for the C library's checks, and their reports name sources.
is_sanitized() { nm "$1" 2>/dev/null | grep -q __asan_init; }

check() { # FILE
    readelf -hW "$1" | grep -q 'Type: *DYN' || fail "$1 is not position-independent"
    readelf -lW "$1" >segments || fail "readelf fails"
    grep -q GNU_RELRO segments || fail "$1 has writable relocations"
    grep GNU_STACK segments | grep -q 'RW ' || fail "$1 says nothing of its stack"
    grep GNU_STACK segments | grep -q 'RWE' && fail "$1 has an executable stack"
    readelf -dW "$1" | grep -qE 'BIND_NOW|Flags:.*NOW' || fail "$1 binds its calls late"
    nm -u "$1" >wanted 2>/dev/null
    if ! is_sanitized "$1"; then
        grep -q __stack_chk_fail wanted || fail "$1 has no canaries"
        grep -qs 'CMAKE_BUILD_TYPE:STRING=Debug' "$(dirname "$nnc")/CMakeCache.txt" ||
            grep -qE '__(memcpy|snprintf|vsnprintf|fprintf|printf|read|realpath)_chk' wanted ||
            fail "$1 was built without _FORTIFY_SOURCE"
        ! strings -a "$1" | grep -F -m1 -e "$root/" >found || fail "$1 names $(cat found)"
    fi
}

check "$nnc"
cp "$root/examples/playground.nn" .
expect 0 "$nnc" build playground.nn -o playground
check playground
