#!/usr/bin/env bash
# Every code of compiler/base/diagnostics/diag.def has a page in docs/errors and is shown by a test.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
failed=0
for code in $(sed -n 's/^DIAG(\([EW][0-9]*\),.*/\1/p' "$root/compiler/base/diagnostics/diag.def"); do
    if [ ! -s "$root/docs/errors/$code.md" ]; then
        echo "$code has no page: write docs/errors/$code.md"
        failed=1
    fi
    if ! grep -rqF "$code" "$root"/tests/golden --include='*.out' && ! grep -qF "$code" "$root"/tests/run/*.sh; then
        echo "$code is shown by no test: add tests/golden/check/$code-....nn"
        failed=1
    fi
done
exit $failed
