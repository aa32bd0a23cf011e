// Who is told, in a function's profiled twin, that a group is done: instead of time, an account
// counts groups. The twin calls the same code as the function itself, so that what is seen there is
// what happened, bit for bit. For a single worker, which meets nobody at barriers.
#ifndef NNRT_WATCH_H
#define NNRT_WATCH_H

#include "../nnrt.h"

// After group `group`, before the next one, while all that it computed and read is in its place.
typedef void nnrt_group_done(void *owner, const nnrt_context *context, int64_t group);

// What nnrt_context.account is then. NULL with nnrt_error() set: no memory.
nnrt_account *nnrt_account_watch(nnrt_group_done *done, void *owner);
void nnrt_account_free(nnrt_account *account); // NULL is fine

#endif
