// What the parts of the library have in common. FAULTS.. in the environment say what it does: see
// README.md.
#ifndef FAULTS_H
#define FAULTS_H

#include <stddef.h>

// Whether this one of the calls that count fails. What it is called stays in the report.
int faults_now(const char *name);
int faults_is_kind(const char *kind);

// ---- System calls (calls.c).

// Nothing of the C library; -errno where it fails.
long faults_call(long number, long a, long b, long c, long d, long e, long f);
// From now on each that the program makes, wherever it stands, goes through the table.
int faults_watch(void);

// ---- Memory (memory.c).

void faults_count_memory(void); // from now on
long faults_blocks(void);       // that were not given back
// Names where some of them were asked for.
void faults_tell_blocks(int descriptor);

// ---- Recording (record.c).

void faults_record_to(const char *path);
void faults_record(long number, const long a[6], long result);

#endif
