// Feature bits of CPUID: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A,
// "CPUID"; AMD64 Architecture Programmer's Manual, volume 3, appendix E. Vector state must also be
// saved by the operating system (XCR0). Linux saves that of tiles for processes that ask for it
// (Documentation/arch/x86/xstate.rst).
#include "cpu.h"

#include "text/list.h"

#include <errno.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EAX, EBX, ECX, EDX };
enum { STATE_NONE, STATE_AVX = 0x6, STATE_AVX512 = 0xE6, STATE_TILES = 0x60000 }; // bits of XCR0

static const struct feature {
    const char *name;
    unsigned leaf, subleaf;
    int word, bit;
    unsigned state;
} features[] = {
    {"sse3", 1, 0, ECX, 0, STATE_NONE},
    {"pclmul", 1, 0, ECX, 1, STATE_NONE},
    {"ssse3", 1, 0, ECX, 9, STATE_NONE},
    {"fma", 1, 0, ECX, 12, STATE_AVX},
    {"cx16", 1, 0, ECX, 13, STATE_NONE},
    {"sse4.1", 1, 0, ECX, 19, STATE_NONE},
    {"sse4.2", 1, 0, ECX, 20, STATE_NONE},
    {"movbe", 1, 0, ECX, 22, STATE_NONE},
    {"popcnt", 1, 0, ECX, 23, STATE_NONE},
    {"aes", 1, 0, ECX, 25, STATE_NONE},
    {"avx", 1, 0, ECX, 28, STATE_AVX},
    {"f16c", 1, 0, ECX, 29, STATE_AVX},
    {"rdrnd", 1, 0, ECX, 30, STATE_NONE},
    {"bmi", 7, 0, EBX, 3, STATE_NONE},
    {"avx2", 7, 0, EBX, 5, STATE_AVX},
    {"bmi2", 7, 0, EBX, 8, STATE_NONE},
    {"avx512f", 7, 0, EBX, 16, STATE_AVX512},
    {"avx512dq", 7, 0, EBX, 17, STATE_AVX512},
    {"adx", 7, 0, EBX, 19, STATE_NONE},
    {"avx512ifma", 7, 0, EBX, 21, STATE_AVX512},
    {"avx512cd", 7, 0, EBX, 28, STATE_AVX512},
    {"sha", 7, 0, EBX, 29, STATE_NONE},
    {"avx512bw", 7, 0, EBX, 30, STATE_AVX512},
    {"avx512vl", 7, 0, EBX, 31, STATE_AVX512},
    {"avx512vbmi", 7, 0, ECX, 1, STATE_AVX512},
    {"avx512vbmi2", 7, 0, ECX, 6, STATE_AVX512},
    {"gfni", 7, 0, ECX, 8, STATE_NONE},
    {"vaes", 7, 0, ECX, 9, STATE_AVX},
    {"vpclmulqdq", 7, 0, ECX, 10, STATE_AVX},
    {"avx512vnni", 7, 0, ECX, 11, STATE_AVX512},
    {"avx512bitalg", 7, 0, ECX, 12, STATE_AVX512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, STATE_AVX512},
    {"avx512vp2intersect", 7, 0, EDX, 8, STATE_AVX512},
    {"amx-bf16", 7, 0, EDX, 22, STATE_TILES},
    {"amx-tile", 7, 0, EDX, 24, STATE_TILES},
    {"amx-int8", 7, 0, EDX, 25, STATE_TILES},
    {"avx512fp16", 7, 0, EDX, 23, STATE_AVX512},
    {"avxvnni", 7, 1, EAX, 4, STATE_AVX},
    {"avx512bf16", 7, 1, EAX, 5, STATE_AVX512},
    {"avxifma", 7, 1, EAX, 23, STATE_AVX},
    {"avxvnniint8", 7, 1, EDX, 4, STATE_AVX},
    {"avxneconvert", 7, 1, EDX, 5, STATE_AVX},
    {"sahf", 0x80000001, 0, ECX, 0, STATE_NONE},
    {"lzcnt", 0x80000001, 0, ECX, 5, STATE_NONE},
    {"sse4a", 0x80000001, 0, ECX, 6, STATE_NONE},
    {"xop", 0x80000001, 0, ECX, 11, STATE_AVX},
    {"fma4", 0x80000001, 0, ECX, 16, STATE_AVX},
    {"tbm", 0x80000001, 0, ECX, 21, STATE_NONE},
};

// The vector state that the operating system saves.
static unsigned saved_state(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return a;
}

static int present(const struct feature *feature) {
    unsigned words[4] = {0};
    if (!__get_cpuid_count(feature->leaf, feature->subleaf, &words[EAX], &words[EBX], &words[ECX],
                           &words[EDX]))
        return 0;
    if (!(words[feature->word] >> feature->bit & 1)) return 0;
    return (saved_state() & feature->state) == feature->state;
}

int nnrt_cpu_has(const char *name) {
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (strcmp(features[i].name, name) == 0) return present(&features[i]);
    return -1;
}

int nnrt_cpu_allow_tiles(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) ? errno : 0;
}

#else

int nnrt_cpu_allow_tiles(void) {
    return 0;
}

int nnrt_cpu_has(const char *name) {
    (void)name;
    return -1;
}

#endif

// Those that the system must be asked for.
static nnrt_status allow_needed(const nnrt_program *program) {
    int error = 0;
    for (const char *const *name = program->cpu_features; name && *name; name++)
        if (strcmp(*name, "amx-tile") == 0) error = nnrt_cpu_allow_tiles();
    if (!error) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the system does not let this program use the CPU's tiles (AMX), which its "
                     "products in bfloat16 or int8 need: %s. Compile `%s` with --cpu=x86-64-v4, or "
                     "with float32 alone (--precision, --predict)",
                     strerror(error), program->source_path);
}

nnrt_status nnrt_cpu_check(const nnrt_program *program) {
    char missing[512];
    nnrt_list list = nnrt_list_make(missing, sizeof missing);
    for (const char *const *name = program->cpu_features; name && *name; name++)
        if (nnrt_cpu_has(*name) == 0) nnrt_list_add(&list, "%s", *name);
    if (!list.count) return allow_needed(program);
    return nnrt_fail(NNRT_ERROR,
                     "this program was compiled for the CPU `%s`; this one lacks %s. Compile `%s` "
                     "again here, or with --cpu=x86-64 for any",
                     program->target_cpu, missing, program->source_path);
}
