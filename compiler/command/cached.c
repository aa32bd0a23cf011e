#include "cached.h"

#include "../driver/cache.h"
#include "../driver/output.h"

#include <time.h>

char *cached_executable(Session *session) {
    enum { MONTH = 30 * 24 * 3600 };
    const Options *options = session->options;
    CheckOptions check = session_check_options(session);
    char *folder = cache_folder(session->arena, session->sink);
    if (!folder || !session_needs_model(session)) return NULL;
    char *key = cache_key(session->arena, session->program, &check, &session->gen);
    char *stem = output_stem(session->arena, options->operand, options->model);
    bool found;
    char *path = cache_entry(session->arena, folder, stem, key, &found);
    if (found) return path;
    cache_prune(session->arena, folder, (int64_t)time(NULL) - MONTH);
    OutputFolder place = {0};
    if (!output_folder(&place, session->arena, path, session->sink)) return NULL;
    session->output = place.file;
    bool ok = session_advance(session, "exe") && cache_store(place.file, path, session->sink);
    output_folder_remove(&place);
    return ok ? path : NULL;
}
