// Imports. A path is looked for in the folder of the file that imports, in the folders of NNC_PATH,
// and among what is installed with nnc. Each file is read once, however often it is imported; it
// sees its own declarations and those of what it imports, at any depth, not those of its importers.
#include "check.h"

#include "../base/locate.h"
#include "../front/parse.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- The places.

static const char *folder_of(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return "";
    return arena_copy(arena, path, (size_t)(slash - path) + 1);
}

static void add_place(Checker *c, NameList *places, const char *folder, size_t size) {
    if (!size) return;
    const char *end = folder[size - 1] == '/' ? "" : "/";
    vec_push(c->arena, places, arena_format(c->arena, "%.*s%s", (int)size, folder, end));
}

// What is installed with nnc, without the way there over the compiler's folder.
static void add_library(Checker *c, NameList *places) {
    char found[PATH_MAX];
    if (!locate_installed("../share/nnc", "library", found, sizeof found)) return;
    const char *path = arena_realpath(c->arena, found);
    if (path) add_place(c, places, path, strlen(path));
}

// The folders to search, each with a slash at its end; "" is the current one.
static NameList find_places(Checker *c, const SourceFile *importer, const char *path) {
    NameList places = {0};
    if (path[0] == '/') {
        vec_push(c->arena, &places, "");
        return places;
    }
    vec_push(c->arena, &places, folder_of(c->arena, sources_get(c->sources, importer->file)->path));
    for (const char *at = getenv("NNC_PATH"); at && *at;) {
        size_t size = strcspn(at, ":");
        add_place(c, &places, at, size);
        at += size + (at[size] == ':');
    }
    add_library(c, &places);
    return places;
}

// ---- A file that is not there.

// The import as it would be written for a file that is there, or NULL.
static const char *nearest_import(Checker *c, const NameList *places, const char *path) {
    NameList names = {0};
    for (int i = 0; i < places->count; i++) {
        size_t skipped = strlen(places->items[i]);
        const char *full = arena_format(c->arena, "%s%s", places->items[i], path);
        for (const char *const *at = locate_sources(c->arena, full); *at; at++)
            vec_push(c->arena, &names, *at + skipped);
    }
    return names_nearest(c, &names, path);
}

// A file of this name in the library's folder: `import "vgg16.nn"`.
static const char *library_import(Checker *c, const NameList *places, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (int i = 0; i < places->count; i++) {
        const char *full = arena_format(c->arena, "%snn/%s", places->items[i], name);
        if (!access(full, R_OK)) return full + strlen(places->items[i]);
    }
    return NULL;
}

static void report_missing(Checker *c, const NameList *places, const Ast *import) {
    NameList shown = {0};
    const char *path = import->text, *meant = library_import(c, places, path);
    if (!meant) meant = nearest_import(c, places, path);
    Diag *diag =
        diag_report(c->sink, DIAG_E0007, import->name_span, "cannot read `%s`: no such file", path);
    diag_label(diag, "not found");
    for (int i = 0; i < places->count && path[0] != '/'; i++)
        vec_push(c->arena, &shown, *places->items[i] ? places->items[i] : "./");
    if (shown.count) diag_note(diag, "looked for in %s", names_join(c->arena, &shown, "and"));
    if (meant)
        diag_help(diag, "did you mean `import \"%s\"`?", meant);
    else if (path[0] != '/')
        diag_help(
            diag,
            "paths begin in the folder of this file, in those of NNC_PATH, or in the library");
}

// ---- Cycles.

// `a.nn` imports `b.nn`, which imports `a.nn`: the places of all those imports.
static void report_cycle(Checker *c, const SourceFile *last, const SourceFile *first,
                         const Ast *import) {
    Text chain = text_create(c->arena);
    for (const SourceFile *file = last;; file = file->importer) {
        const char *path = sources_get(c->sources, file->file)->path;
        const char *rest = arena_strdup(c->arena, chain.data ? chain.data : "");
        chain = text_create(c->arena);
        text_format(&chain, "`%s` -> %s", path, rest);
        if (file == first) break;
    }
    const char *path = sources_get(c->sources, first->file)->path;
    Diag *diag = diag_report(c->sink, DIAG_E0109, import->span, "%s",
                             last == first ? "a file imports itself" : "files import each other");
    diag_label(diag, "leads back to `%s`", path);
    for (const SourceFile *file = last; file != first; file = file->importer)
        diag_secondary(diag, file->import, "imported here");
    diag_note(diag, "%s`%s`", chain.data, path);
    diag_help(diag, "put what both need into a file of its own");
}

// ---- Reading.

static void read_imports(Checker *c, SourceFile *file);

static SourceFile *find_known(const Checker *c, const struct stat *info) {
    for (int i = 0; i < c->known_files.count; i++) {
        SourceFile *file = c->known_files.items[i];
        if (file->has_identity && file->device == info->st_dev && file->inode == info->st_ino)
            return file;
    }
    return NULL;
}

static SourceFile *add_file(Checker *c, uint32_t index, const Ast *ast) {
    SourceFile *file = ARENA_NEW(c->arena, SourceFile);
    struct stat info;
    file->file = index;
    file->ast = ast;
    file->number = c->known_files.count;
    file->scope = scope_create(c->arena, NULL);
    file->sees = ARENA_ARRAY(c->arena, bool, IMPORT_MAX_FILES + 1);
    file->sees[file->number] = true;
    if (!stat(sources_get(c->sources, index)->path, &info)) {
        file->has_identity = true;
        file->device = info.st_dev;
        file->inode = info.st_ino;
    }
    vec_push(c->arena, &c->known_files, file);
    while ((uint32_t)c->by_source.count <= index) vec_push(c->arena, &c->by_source, NULL);
    c->by_source.items[index] = file;
    return file;
}

static SourceFile *report_unreadable(Checker *c, const Ast *import, const char *path,
                                     const char *error) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0007, import->name_span, "cannot read `%s`: %s", path, error);
    diag_label(diag, "imported here");
    return NULL;
}

static SourceFile *read_file(Checker *c, SourceFile *importer, const Ast *import,
                             const char *path) {
    const char *error;
    if (c->known_files.count > IMPORT_MAX_FILES) {
        Diag *diag = diag_report(c->sink, DIAG_E0205, import->span,
                                 "a program imports at most %d files", IMPORT_MAX_FILES);
        diag_label(diag, "one too many");
        return NULL;
    }
    int index = sources_load(c->sources, path, &error);
    if (index < 0) return report_unreadable(c, import, path, error);
    sources_set_importer(c->sources, (uint32_t)index, import->span);
    const Ast *ast = parse_file(c->arena, c->sources, (uint32_t)index, c->sink);
    SourceFile *file = add_file(c, (uint32_t)index, ast);
    file->importer = importer;
    file->import = import->span;
    read_imports(c, file);
    return file;
}

// NULL: reported.
static SourceFile *resolve(Checker *c, SourceFile *importer, const Ast *import) {
    if (!*import->text) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0007, import->name_span, "this `import` names no file");
        diag_label(diag, "an empty path");
        return NULL;
    }
    NameList places = find_places(c, importer, import->text);
    for (int i = 0; i < places.count; i++) {
        const char *path = arena_format(c->arena, "%s%s", places.items[i], import->text);
        struct stat info;
        if (stat(path, &info)) continue;
        SourceFile *known = find_known(c, &info);
        if (!known) return read_file(c, importer, import, path);
        if (!known->is_open) return known;
        report_cycle(c, importer, known, import);
        return NULL;
    }
    report_missing(c, &places, import);
    return NULL;
}

// Afterwards the file and all that it imports are in c->files, each behind what it imports.
static void read_imports(Checker *c, SourceFile *file) {
    file->is_open = true;
    for (int i = 0; i < file->ast->items.count; i++) {
        const Ast *import = file->ast->items.items[i];
        if (import->kind != AST_IMPORT) continue;
        SourceFile *imported = resolve(c, file, import);
        c->lacks_files = c->lacks_files || !imported;
        for (int k = 0; imported && k < c->known_files.count; k++)
            file->sees[k] = file->sees[k] || imported->sees[k];
    }
    file->is_open = false;
    vec_push(c->arena, &c->files, file);
}

// ---- All files as one.

static void add_declarations(Checker *c, Ast *all, const SourceFile *file, bool is_main) {
    for (int i = 0; i < file->ast->items.count; i++) {
        Ast *ast = file->ast->items.items[i];
        if (ast->kind != AST_IMPORT && (is_main || ast->kind != AST_TRAIN))
            vec_push(c->arena, &all->items, ast);
    }
}

static const Ast *find_declaration(const Checker *c, const char *name) {
    return name ? map_get(&c->declarations, name) : NULL;
}

typedef VEC(const Ast *) Needed;

static void add_needed(Checker *c, Needed *all, const Ast *declaration) {
    if (!declaration || map_get(&c->needed, declaration)) return;
    map_set(&c->needed, declaration, (void *)declaration);
    vec_push(c->arena, all, declaration);
}

// Adds what the names below `ast` may mean. Chains lean to the left.
static void need_names(Checker *c, Needed *all, const Ast *ast) {
    for (; ast; ast = ast->left) {
        add_needed(c, all, find_declaration(c, ast->text));
        for (int i = 0; i < ast->items.count; i++) need_names(c, all, ast->items.items[i]);
        for (int i = 0; i < ast->parameters.count; i++)
            need_names(c, all, ast->parameters.items[i]);
        need_names(c, all, ast->right);
        need_names(c, all, ast->body);
        need_names(c, all, ast->otherwise);
    }
}

static void find_needed(Checker *c, const Ast *file, const Ast *main) {
    Needed all = {0};
    for (int i = 0; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        if (ast->text && ast->kind != AST_TRAIN && !find_declaration(c, ast->text))
            map_set(&c->declarations, ast->text, (void *)ast);
    }
    for (int i = 0; i < main->items.count; i++) add_needed(c, &all, main->items.items[i]);
    if (c->options->model) add_needed(c, &all, find_declaration(c, c->options->model));
    for (int i = 0; i < all.count; i++) need_names(c, &all, all.items[i]); // which may grow
}

const Ast *import_all(Checker *c, const Ast *main) {
    SourceFile *file = add_file(c, c->program->file, main);
    Ast *all = ARENA_NEW(c->arena, Ast);
    c->globals = file->scope;
    read_imports(c, file);
    *all = *main;
    all->items = (AstList){0};
    for (int i = 0; i < c->files.count; i++)
        add_declarations(c, all, c->files.items[i], c->files.items[i] == file);
    find_needed(c, all, main);
    return all;
}

// ---- Questions.

static SourceFile *find_file(const Checker *c, Span span) {
    return span.file < (uint32_t)c->by_source.count ? c->by_source.items[span.file] : NULL;
}

Scope *import_globals(const Checker *c, Span span) {
    const SourceFile *file = find_file(c, span);
    return file ? file->scope : c->globals;
}

void import_bind(Checker *c, Span declaration, const char *name, const Value *value) {
    const SourceFile *own = find_file(c, declaration);
    for (int i = 0; i < c->files.count; i++) {
        SourceFile *file = c->files.items[i];
        if (file->sees[own->number]) scope_bind(c->arena, file->scope, name, value);
    }
}

bool import_is_foreign(const Checker *c, Span span) {
    return span.file != c->program->file && find_file(c, span);
}

bool import_sees(const Checker *c, Span use, Span declaration) {
    const SourceFile *file = find_file(c, use), *other = find_file(c, declaration);
    return !file || !other || file->sees[other->number];
}

const Ast *import_file_of(const Checker *c, Span span) {
    const SourceFile *file = find_file(c, span);
    return file ? file->ast : NULL;
}

bool import_is_needed(const Checker *c, const Ast *declaration) {
    return map_get(&c->needed, declaration) != NULL;
}
