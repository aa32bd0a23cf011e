#include "network.h"

#include <inttypes.h>
#include <string.h>

void words_add(Words *call, const char *argument) {
    if (call->count < MAX_ARGUMENTS) call->arguments[call->count++] = argument;
}

const Type *network_type(const Network *network, int value) {
    return value ? &network->steps[value - 1].type : &network->setup.input;
}

// ---- Printing.

static void put_call(Text *out, const Words *call, const char *before) {
    bool braces = call->count || *before;
    text_format(out, "%s%s%s", call->name, braces ? "(" : "", before);
    for (int i = 0; i < call->count; i++)
        text_format(out, "%s%s", i || *before ? ", " : "", call->arguments[i]);
    if (braces) text_put(out, ")");
}

// A layer, with its limits as a layer before it.
static void put_layer(Text *out, const Words *call) {
    if (call->limits) text_format(out, "clip(%s) -> ", call->limits);
    put_call(out, call, "");
}

static void put_chain(Text *out, const Piece *piece) {
    for (int i = 0; i < piece->count; i++) {
        if (i) text_put(out, " -> ");
        put_layer(out, &piece->calls[i]);
    }
}

// Recurrent cells, each of which is declared where a text names it.
static const struct {
    const char *name, *text;
} cells[] = {
    {"mixing", "block mixing(x, h, units) {\n"
               "    f = concat(x, h) -> dense(units, sigmoid)\n"
               "    f * h + (1 - f) * (concat(x, f * h) -> dense(units, tanh))\n}\n"},
    {"counting", "block counting(x, h, c, units, gain = 0.5) {\n"
                 "    z = (x -> dense(2 * units)) + (h -> dropout(0.25) -> dense(2 * units))\n"
                 "    y = tanh(z[0:units] + c) * (weight([units], ones) + gain)\n"
                 "    return y, gain * c + relu(z[units:])\n}\n"},
    {"norming", "block norming(x, h, units) {\n"
                "    h + tanh(x -> layer_norm -> dense(units)) - 0.5 * (h -> layer_norm)\n}\n"},
};

const char *network_cells(void) {
    return "mixing counting norming";
}

static char *with_cells(Arena *arena, const char *before, const char *text) {
    Text all = text_create(arena);
    text_put(&all, before);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (strstr(text, cells[i].name)) text_put(&all, cells[i].text);
    text_put(&all, text);
    return all.data;
}

// Blocks stand before the model, the others in it.
static void put_pieces(Text *out, const Network *network, bool blocks) {
    for (int i = 0; i < network->piece_count; i++) {
        const Piece *piece = &network->pieces[i];
        if ((piece->kind == PIECE_BLOCK) != blocks) continue;
        if (blocks)
            text_format(out, "block piece%d(v) {\n    v -> ", i);
        else
            text_format(out, "    %spiece%d = ", piece->kind == PIECE_LAYER ? "layer " : "", i);
        put_chain(out, piece);
        text_put(out, blocks ? "\n}\n" : "\n");
    }
}

static char *joined(Arena *arena, const Step *step, const char *const *operands) {
    Text text = text_create(arena);
    const char *limits = step->call.limits;
    for (int i = 0; i < step->operand_count; i++) {
        text_put(&text, i ? ", " : "");
        if (limits)
            text_format(&text, "clip(%s, %s)", operands[i], limits);
        else
            text_put(&text, operands[i]);
    }
    return text.data;
}

static void put_text(Text *out, const char *text, const char *const *operands) {
    for (; *text; text++) {
        if (*text == '$' || *text == '@')
            text_put(out, operands[*text == '@']);
        else
            text_put_bytes(out, text, 1);
    }
}

static void put_step(Text *out, const Step *step, const char *const *operands) {
    switch (step->form) {
    case FORM_SIGN:
        text_format(out, "%s %c %s", operands[0], step->sign,
                    step->number ? step->number : operands[1]);
        break;
    case FORM_CALL: put_call(out, &step->call, joined(out->arena, step, operands)); break;
    case FORM_SLOPE:
        text_format(out, "gradient(%s -> ", operands[0]);
        put_layer(out, &step->call);
        text_format(out, " -> square, %s)", operands[0]);
        break;
    case FORM_PIECE:
        text_format(out, "%s -> piece%d", operands[0], step->piece);
        if (step->copies > 1) text_format(out, " * %d", step->copies);
        break;
    case FORM_TEXT: put_text(out, step->text, operands); break;
    default: text_format(out, "%s -> ", operands[0]); put_layer(out, &step->call);
    }
}

static void put_shape(Text *out, const Type *type) {
    for (int i = 0; i < type->rank; i++)
        text_format(out, "%s%" PRId64, i ? ", " : "[", type->dims[i]);
    text_put(out, type->rank ? "]" : "[]");
}

char *network_step_text(Arena *arena, const Network *network, const Step *step) {
    static const char *const names[MAX_OPERANDS] = {"a", "b", "c", "d", "e", "f"};
    Text text = text_create(arena);
    put_pieces(&text, network, true);
    text_put(&text, "model m(");
    for (int i = 0; i < step->operand_count; i++) {
        text_format(&text, "%s%s: ", i ? ", " : "", names[i]);
        put_shape(&text, network_type(network, step->operands[i]));
    }
    bool is_source = step->operand_count == 0; // no model alone: its type is that of a sum with it
    text_put(&text, is_source ? "a: [1]) {\n" : ") {\n");
    put_pieces(&text, network, false);
    if (is_source) text_put(&text, "    w = ");
    put_step(&text, step, names);
    text_put(&text, is_source ? "\n    a + w\n}\n" : "\n}\n");
    return with_cells(arena, "", text.data);
}

static void put_steps(Text *out, const Network *network) {
    for (int i = 0; i < network->step_count; i++) {
        const Step *step = &network->steps[i];
        const char *operands[MAX_OPERANDS];
        for (int k = 0; k < step->operand_count; k++)
            operands[k] =
                step->operands[k] ? arena_format(out->arena, "v%d", step->operands[k]) : "x";
        text_put(out, "    ");
        if (i + 1 < network->step_count) text_format(out, "v%d = ", i + 1);
        put_step(out, step, operands);
        text_put(out, "\n");
    }
}

char *network_text(Arena *arena, const Network *network) {
    Text text = text_create(arena);
    text_format(&text, "dataset d = npy(\"x.npy\", target = \"y.npy\")%s\n",
                network->is_scaled ? " -> scale(1/255)" : "");
    put_pieces(&text, network, true);
    text_put(&text, "model m(x: ");
    put_shape(&text, &network->setup.input);
    text_put(&text, ") {\n");
    put_pieces(&text, network, false);
    put_steps(&text, network);
    text_put(&text, "}\ntrain m on d {\n    loss = ");
    put_call(&text, &network->loss, "");
    text_put(&text, "\n    optimizer = ");
    put_call(&text, &network->optimizer, "");
    if (network->regularizer.name) {
        text_put(&text, "\n    regularize = ");
        put_call(&text, &network->regularizer, "");
    }
    if (network->metric) text_format(&text, "\n    metrics = %s", network->metric);
    if (network->in_bfloat16) text_put(&text, "\n    precision = bfloat16");
    text_format(&text, "\n    batch = %" PRId64 "\n}\n", network->batch);
    return with_cells(arena, setup_line(arena, &network->setup), text.data);
}
