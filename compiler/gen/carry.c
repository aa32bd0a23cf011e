// A file as a section of an ELF object, so that the executable carries it and the system maps it.
// The object is written by hand: an assembler (.incbin) or LLVM would hold the file in memory more
// than once. Linkers read whole sections, so the file is cut into small ones of one name, which
// follow each other in the executable. They are of the "large" kind of the x86-64 ABI, which lies
// behind everything that code addresses by 32 bits.
#include "gen.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIECE = 16 << 20, // bytes of a section
    MAX_PIECES = 60000,
    BUFFER = 1 << 16,
    LARGE_SECTION = 0x10000000, // SHF_X86_64_LARGE
    RETAINED = 0x200000,        // SHF_GNU_RETAIN: --gc-sections does not see who reads it
    ALIGNMENT = 64
};

static const char section_names[] =
    "\0.lrodata.nnrt_carried\0.rodata.nnrt_carried\0.symtab\0.strtab\0"
    ".note.GNU-stack";
enum { NAME_PIECE = 1, NAME_NAME = 23, NAME_SYMTAB = 44, NAME_STRTAB = 52, NAME_STACK = 60 };
static const char symbol_names[] = "\0nnrt_carried_begin\0nnrt_carried_end\0nnrt_carried_name";
enum { SYMBOL_BEGIN = 1, SYMBOL_END = 20, SYMBOL_NAME = 37 };

typedef struct Carry {
    const char *name; // of the file
    int64_t size;
    int pieces;
    FILE *in, *out;
} Carry;

// Where the parts lie in the object, one behind the other.
static uint64_t name_offset(const Carry *c) {
    return ALIGNMENT + (uint64_t)c->size;
}

static uint64_t symbols_offset(const Carry *c) {
    return (name_offset(c) + strlen(c->name) + 1 + 7) / 8 * 8;
}

enum { SYMBOLS = 4, OTHER_SECTIONS = 6 }; // with the first, empty one of each

static uint64_t strings_offset(const Carry *c) {
    return symbols_offset(c) + SYMBOLS * sizeof(Elf64_Sym);
}

static uint64_t section_names_offset(const Carry *c) {
    return strings_offset(c) + sizeof symbol_names;
}

static uint64_t sections_offset(const Carry *c) {
    return (section_names_offset(c) + sizeof section_names + 7) / 8 * 8;
}

static void put(const Carry *c, uint64_t offset, const void *bytes, size_t size) {
    while ((uint64_t)ftello(c->out) < offset) putc(0, c->out);
    fwrite(bytes, 1, size, c->out);
}

static void put_header(const Carry *c) {
    Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                     EV_CURRENT, ELFOSABI_GNU},
                         .e_type = ET_REL,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_shoff = sections_offset(c),
                         .e_ehsize = sizeof header,
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = (Elf64_Half)(c->pieces + OTHER_SECTIONS),
                         .e_shstrndx = (Elf64_Half)(c->pieces + 4)};
    put(c, 0, &header, sizeof header);
}

// False: the file cannot be read, or has become shorter.
static bool put_file(const Carry *c) {
    char buffer[BUFFER];
    put(c, ALIGNMENT, "", 0);
    for (int64_t left = c->size; left > 0;) {
        size_t part = left < BUFFER ? (size_t)left : BUFFER;
        if (fread(buffer, 1, part, c->in) != part) return false;
        if (fwrite(buffer, 1, part, c->out) != part) return true; // seen when the object is closed
        left -= (int64_t)part;
    }
    return true;
}

static Elf64_Sym symbol(uint32_t name, int section, int64_t value) {
    return (Elf64_Sym){.st_name = name,
                       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                       .st_other = STV_HIDDEN,
                       .st_shndx = (Elf64_Section)section,
                       .st_value = (uint64_t)value};
}

static void put_symbols(const Carry *c) {
    int64_t last = c->size - (int64_t)(c->pieces - 1) * PIECE;
    Elf64_Sym symbols[SYMBOLS] = {{0},
                                  symbol(SYMBOL_BEGIN, 1, 0),
                                  symbol(SYMBOL_END, c->pieces, last),
                                  symbol(SYMBOL_NAME, c->pieces + 1, 0)};
    put(c, symbols_offset(c), symbols, sizeof symbols);
    put(c, strings_offset(c), symbol_names, sizeof symbol_names);
    put(c, section_names_offset(c), section_names, sizeof section_names);
}

static void put_piece(const Carry *c, int piece) {
    int64_t from = (int64_t)piece * PIECE, left = c->size - from;
    Elf64_Shdr section = {.sh_name = NAME_PIECE,
                          .sh_type = SHT_PROGBITS,
                          .sh_flags = SHF_ALLOC | LARGE_SECTION | RETAINED,
                          .sh_offset = ALIGNMENT + (uint64_t)from,
                          .sh_size = (uint64_t)(left < PIECE ? left : PIECE),
                          .sh_addralign = ALIGNMENT};
    put(c, 0, &section, sizeof section);
}

static void put_sections(const Carry *c) {
    Elf64_Shdr none = {0};
    put(c, sections_offset(c), &none, sizeof none);
    for (int i = 0; i < c->pieces; i++) put_piece(c, i);
    Elf64_Shdr others[] = {{.sh_name = NAME_NAME,
                            .sh_type = SHT_PROGBITS,
                            .sh_flags = SHF_ALLOC | RETAINED,
                            .sh_offset = name_offset(c),
                            .sh_size = strlen(c->name) + 1,
                            .sh_addralign = 1},
                           {.sh_name = NAME_SYMTAB,
                            .sh_type = SHT_SYMTAB,
                            .sh_offset = symbols_offset(c),
                            .sh_size = SYMBOLS * sizeof(Elf64_Sym),
                            .sh_link = (Elf64_Word)c->pieces + 3,
                            .sh_info = 1, // the first global one
                            .sh_addralign = 8,
                            .sh_entsize = sizeof(Elf64_Sym)},
                           {.sh_name = NAME_STRTAB,
                            .sh_type = SHT_STRTAB,
                            .sh_offset = strings_offset(c),
                            .sh_size = sizeof symbol_names,
                            .sh_addralign = 1},
                           {.sh_name = NAME_STRTAB,
                            .sh_type = SHT_STRTAB,
                            .sh_offset = section_names_offset(c),
                            .sh_size = sizeof section_names,
                            .sh_addralign = 1},
                           {.sh_name = NAME_STACK,
                            .sh_type = SHT_PROGBITS,
                            .sh_offset = sections_offset(c),
                            .sh_addralign = 1}};
    put(c, 0, others, sizeof others);
}

// False: it failed, and *is_input says whether in reading.
static bool write_object(Carry *c, bool *is_input) {
    put_header(c);
    *is_input = !put_file(c);
    if (*is_input) return false;
    put(c, name_offset(c), c->name, strlen(c->name) + 1);
    put_symbols(c);
    put_sections(c);
    return fflush(c->out) == 0 && !ferror(c->out);
}

static bool open_file(Carry *c, const char *path, DiagSink *sink) {
    struct stat status;
    c->in = fopen(path, "rbe");
    if (!c->in || fstat(fileno(c->in), &status) != 0) {
        diag_report(sink, DIAG_E0904, SPAN_NONE, "cannot open the weights `%s`: %s", path,
                    strerror(errno));
        return false;
    }
    c->size = status.st_size;
    int64_t pieces = (c->size + PIECE - 1) / PIECE;
    c->pieces = (int)(pieces < MAX_PIECES ? pieces : MAX_PIECES);
    if (S_ISREG(status.st_mode) && pieces >= 1 && pieces <= MAX_PIECES) return true;
    diag_report(sink, DIAG_E0904, SPAN_NONE, "the weights `%s` are too large or empty", path);
    return false;
}

static bool carry(Carry *c, const char *path, const char *object, DiagSink *sink) {
    bool is_input = false;
    if (!open_file(c, path, sink)) return false;
    int descriptor = open(object, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    c->out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    bool ok = c->out && write_object(c, &is_input);
    int error = errno;
    if (c->out && fclose(c->out) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok && is_input)
        diag_report(sink, DIAG_E0904, SPAN_NONE, "the weights `%s` changed while they were read",
                    path);
    else if (!ok)
        diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", object, strerror(error));
    return ok;
}

bool gen_carry(const char *path, const char *object, DiagSink *sink) {
    Carry c = {.name = path};
    bool ok = carry(&c, path, object, sink);
    if (c.in) fclose(c.in);
    return ok;
}
