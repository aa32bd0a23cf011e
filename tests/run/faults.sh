#!/usr/bin/env bash
# Each system call and allocation of a program fails in turn, alone or with all that follow: one message, or a warning
# and the same result; what was kept is whole, nothing stays open or behind, and the same command goes on to the same bits
# afterwards. Killed at each of them, likewise. Fails where an error is not looked at, said twice, or taken for an answer.
# By hand, all of them (ten minutes): FAULTS_EVERY=1 tests/run/faults.sh --verbose
. "$(dirname "$0")/common/begin.sh"
faults_library

python3 "$root/tests/faults/sweep.py" --source >net.nn
awk 'BEGIN { srand(1); print "a,b,label"; for (i = 0; i < 60; i++) print rand() "," rand() "," (i * 7 % 5 > 2) }' >points.csv
{
    printf '\223NUMPY\1\0v\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
    head -c 16 /dev/zero
} >points.npy
build net.nn

# In memory: each run syncs a dozen files.
folder=$work/sweep
[ ! -w /dev/shm ] || folder=$(mktemp -d /dev/shm/nnc-faults-XXXXXX) || exit 1
trap 'rm -rf "$work" "$folder"' EXIT
mkdir -p "$folder"
cp net net.nn points.* "$folder"
mkdir "$folder/trials"
sweep() {
    python3 "$root/tests/faults/sweep.py" faults.so "$folder/net" "$folder/trials" --nnc "$nnc" "$@" || exit 1
    rm -r "$folder"/trials/*
}
if [ -n "${FAULTS_EVERY:-}" ]; then
    sweep --every "$FAULTS_EVERY" "$@"
else # reports take long: they measure
    sweep --every 97 --commands init,fit,run,resume,resume-run,evaluate,predict,predict-npy,info,lr-find
    sweep --every 97 --commands report --kinds EIO
    # What nnc reads of folders of runs; without memory it ends at once.
    sweep --every 37 --commands runs,sweep --kinds EIO,EMFILE,EINTR,short
fi
