// `generate`: a model goes on with a text, token by token: it is fed the prompt, then what is drawn
// from its own scores. The text is printed as it comes.
#include "generate.h"
#include "../../base/clock.h"
#include "../../base/text/json.h"
#include "../../data/text/spelling.h"
#include "../../files/stream.h"
#include "../command.h"
#include "sample.h"
#include "text_out.h"
#include "writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LENGTH = 500, BLOCK = 1 << 16, LONGEST_PROMPT = 1 << 30 };

typedef struct generation {
    nnrt_session *session;
    nnrt_spelling *spelling;
    nnrt_sampler sampler;
    nnrt_writer writer;
    char *prompt; // as given; owned
    int64_t prompt_length;
    int32_t *tokens; // of the prompt
    int64_t token_count;
    const float *scores; // of what may follow
    double surprise;     // of the prompt's tokens behind the first, together
    double seconds;      // that the text took
    nnrt_text_out given, text;
} generation;

// ---- The prompt.

static nnrt_status read_prompt_file(generation *g, const char *path) {
    nnrt_stream stream;
    int64_t count = BLOCK, capacity = 0;
    nnrt_status status = nnrt_stream_open(&stream, path);
    if (status) return status;
    while (count == BLOCK && !status) {
        capacity = g->prompt_length + BLOCK + 1;
        char *prompt = realloc(g->prompt, (size_t)capacity);
        if (!prompt || capacity > LONGEST_PROMPT) {
            status = nnrt_fail_memory("the prompt", (size_t)capacity);
            break;
        }
        g->prompt = prompt;
        status = nnrt_stream_read_some(&stream, prompt + g->prompt_length, BLOCK, &count);
        if (!status) g->prompt_length += count;
    }
    nnrt_stream_close(&stream);
    return status;
}

// Without one a text begins with a line.
static nnrt_status read_prompt(generation *g) {
    const nnrt_options *options = g->session->options;
    if (options->prompt_file) return read_prompt_file(g, options->prompt_file);
    g->prompt = strdup(options->prompt ? options->prompt : "\n");
    if (!g->prompt) return nnrt_fail_memory("the prompt", 0);
    g->prompt_length = (int64_t)strlen(g->prompt);
    return NNRT_OK;
}

static nnrt_status spell_prompt(generation *g) {
    const nnrt_options *options = g->session->options;
    int64_t unknown;
    int is_given = options->prompt || options->prompt_file;
    nnrt_status status = nnrt_spelling_read(g->spelling, "the prompt", g->prompt, g->prompt_length,
                                            &g->tokens, &g->token_count, &unknown);
    if (status && !is_given)
        return nnrt_fail(NNRT_USAGE, "the texts of training had no line ends, with which a text "
                                     "without prompt begins\nname a beginning: --prompt TEXT");
    if (status) return status;
    if (!g->token_count)
        return nnrt_fail(NNRT_USAGE, "the prompt is empty: a model goes on with a text\nname a "
                                     "beginning of one token at least: --prompt TEXT");
    if (unknown)
        fprintf(stderr,
                "note: %" PRId64 " of the prompt's %" PRId64 " tokens are ones that training did "
                "not have; the model reads them as the unknown one\n",
                unknown, g->token_count);
    return NNRT_OK;
}

// ---- The vocabulary.

// Weights that were never trained do not have it; then the data do.
static nnrt_status open_spelling(generation *g) {
    nnrt_session *session = g->session;
    const nnrt_model *model = nnrt_session_model(session);
    const nnrt_dataset *dataset = &session->program->datasets[model->dataset];
    nnrt_status status = NNRT_OK;
    if (!session->learnt[model->dataset] && model->dataset == session->dataset)
        status = nnrt_session_load_data(session);
    if (status) return status;
    const char *learnt = session->learnt[model->dataset];
    g->spelling =
        nnrt_spelling_open(dataset, model->generate.columns[0].source, learnt ? learnt : "[]");
    if (!g->spelling) return NNRT_ERROR;
    int64_t count = nnrt_spelling_count(g->spelling);
    int64_t wanted = model->generate.outputs[0].size;
    if (count == wanted) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the weights are of a vocabulary of %" PRId64 " tokens, and `%s` was compiled "
                     "for %" PRId64 "; train again",
                     count, session->program->source_path, wanted);
}

static nnrt_status open_sampler(generation *g) {
    const nnrt_options *options = g->session->options;
    g->sampler.temperature = options->temperature;
    g->sampler.top_k = options->top_k;
    g->sampler.top_p = options->top_p != 0 ? options->top_p : 1;
    g->sampler.banned = nnrt_spelling_unknown(g->spelling);
    return nnrt_sampler_open(&g->sampler, nnrt_spelling_count(g->spelling),
                             (uint64_t)options->seed);
}

// ---- Writing.

static nnrt_status feed_prompt(generation *g) {
    int are_shares = g->writer.model->gives_shares != 0;
    for (int64_t i = 0; i < g->token_count; i++) {
        if (i) g->surprise += nnrt_surprise(g->scores, g->sampler.count, are_shares, g->tokens[i]);
        g->scores = nnrt_writer_feed(&g->writer, g->tokens[i]);
    }
    nnrt_status status = nnrt_text_out_put(&g->given, g->prompt, g->prompt_length);
    return status ? status : nnrt_text_out_end(&g->given);
}

static int ends_blank(const generation *g) {
    char last = g->prompt[g->prompt_length - 1];
    return last == ' ' || last == '\t';
}

static nnrt_status write_text(generation *g, int64_t length) {
    int are_shares = g->writer.model->gives_shares != 0;
    int32_t before = ends_blank(g) ? -1 : g->tokens[g->token_count - 1];
    double started = nnrt_seconds();
    for (int64_t i = 0; i < length; i++) {
        int64_t bytes;
        int32_t token = nnrt_sampler_draw(&g->sampler, g->scores, are_shares);
        if (token < 0)
            return nnrt_fail(NNRT_NOT_FINITE,
                             "what the model gives after %" PRId64 " tokens is not finite: the "
                             "weights are of a training that failed",
                             g->token_count + i);
        const char *text = nnrt_spelling_write(g->spelling, before, token, &bytes);
        nnrt_status status = nnrt_text_out_put(&g->text, text, bytes);
        if (status) return status;
        before = token;
        if (i + 1 < length) g->scores = nnrt_writer_feed(&g->writer, token);
    }
    g->seconds = nnrt_seconds() - started;
    return nnrt_text_out_end(&g->text);
}

static void print_json(const generation *g, int64_t length) {
    const nnrt_options *options = g->session->options;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "prompt", g->given.text);
    nnrt_json_string(&json, "text", g->text.text);
    nnrt_json_integer(&json, "tokens", length);
    nnrt_json_number(&json, "tokens_per_second", (double)length / g->seconds);
    nnrt_json_integer(&json, "seed", options->seed);
    nnrt_json_number(&json, "temperature", options->temperature);
    nnrt_json_integer(&json, "prompt_tokens", g->token_count);
    // Of one token nothing was foretold.
    nnrt_json_number(&json, "prompt_perplexity",
                     g->token_count > 1 ? exp(g->surprise / (double)(g->token_count - 1)) : NAN);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// ---- The command.

static nnrt_status run(generation *g) {
    const nnrt_options *options = g->session->options;
    int64_t length = options->length ? options->length : DEFAULT_LENGTH;
    g->given.is_silent = g->text.is_silent = g->given.keeps = g->text.keeps = options->json != 0;
    nnrt_status status = feed_prompt(g);
    if (!status) status = write_text(g, length);
    if (status) return status;
    if (options->json)
        print_json(g, length);
    else if (g->text.last != '\n')
        putchar('\n');
    return NNRT_OK;
}

static nnrt_status open_generation(generation *g) {
    nnrt_status status = open_spelling(g);
    if (!status) status = open_sampler(g);
    if (!status) status = read_prompt(g);
    return status ? status : spell_prompt(g);
}

static void close_generation(generation *g) {
    nnrt_writer_close(&g->writer);
    nnrt_sampler_close(&g->sampler);
    nnrt_spelling_free(g->spelling);
    nnrt_text_out_free(&g->given);
    nnrt_text_out_free(&g->text);
    free(g->prompt);
    free(g->tokens);
}

nnrt_status nnrt_generate_text(nnrt_session *session, int64_t length, char **text) {
    generation g = {.session = session};
    *text = NULL;
    g.given.is_silent = g.text.is_silent = g.given.keeps = g.text.keeps = 1;
    nnrt_status status = nnrt_writer_open(&g.writer, session);
    if (!status) status = open_generation(&g);
    if (!status) status = feed_prompt(&g);
    if (!status) status = write_text(&g, length);
    if (!status && g.text.text && !(*text = strdup(g.text.text)))
        status = nnrt_fail_memory("a text", strlen(g.text.text));
    close_generation(&g);
    return status;
}

nnrt_status nnrt_command_generate(nnrt_session *session) {
    generation g = {.session = session};
    nnrt_status status = nnrt_writer_open(&g.writer, session);
    if (!status) status = nnrt_session_load_trained(session, nnrt_session_model(session));
    if (!status) status = open_generation(&g);
    if (!status) status = run(&g);
    close_generation(&g);
    return status;
}
