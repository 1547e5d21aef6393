#include "attestation/policy/yaml_tree.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/writer.h"

struct rpl_yaml_tree {
    size_t count;
    rpl_yaml_node nodes[RPL_YAML_NODES_MAX];
    rpl_writer text; /* owned: what keys and values point into */
};

/* A document being built: `open` is the collection that the next node goes into. */
typedef struct {
    rpl_yaml_tree *tree;
    rpl_yaml_node *open[RPL_YAML_DEPTH_MAX];
    size_t depth;
    bool has_key;
    rpl_bytes key; /* read, its value not yet */
} builder;

static void delete_parser(yaml_parser_t *parser)
{
    yaml_parser_delete(parser);
}
static void delete_event(yaml_event_t *event)
{
    yaml_event_delete(event);
}

void rpl_yaml_free(rpl_yaml_tree *tree)
{
    if (tree)
        free(tree->text.data);
    free(tree);
}

/* No scalar is longer than twice the text it was written as. */
static rpl_yaml_tree *new_tree(size_t text_len)
{
    RPL_AUTO(yaml_tree) rpl_yaml_tree *tree = calloc(1, sizeof(*tree));
    if (!tree)
        return NULL;
    const size_t cap = 2 * text_len + 1;
    tree->text = rpl_writer_over(malloc(cap), cap);
    return tree->text.data ? RPL_TAKE(tree) : NULL;
}

static rpl_bytes keep(rpl_yaml_tree *tree, rpl_bytes bytes)
{
    const rpl_bytes kept = {tree->text.data + tree->text.len, bytes.len};
    rpl_write_bytes(&tree->text, bytes);
    return kept;
}

static rpl_bytes scalar_of(const yaml_event_t *event)
{
    return rpl_bytes_of(event->data.scalar.value, event->data.scalar.length);
}

static bool says_null(const yaml_event_t *event)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof(nulls) / sizeof(*nulls); i++) {
        if (rpl_bytes_equal(scalar_of(event), rpl_bytes_of_text(nulls[i])))
            return true;
    }
    return false;
}

static const rpl_yaml_node *member(const rpl_yaml_node *map, rpl_bytes key)
{
    for (const rpl_yaml_node *node = map->first; node; node = node->next) {
        if (rpl_bytes_equal(node->key, key))
            return node;
    }
    return NULL;
}

static rpl_status add(builder *b, rpl_yaml_node node, rpl_yaml_node **out)
{
    rpl_yaml_tree *tree = b->tree;
    if (tree->count == RPL_YAML_NODES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "YAML: too many values");
    rpl_yaml_node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    if (!parent && tree->count > 0)
        return rpl_fail(RPL_MALFORMED, "YAML: more than one document");
    rpl_yaml_node *added = &tree->nodes[tree->count++];
    *added = node;
    added->parent = parent;
    added->key = b->key;
    b->key = (rpl_bytes){0};
    b->has_key = false;
    if (parent && parent->last)
        parent->last->next = added;
    else if (parent)
        parent->first = added;
    if (parent)
        parent->last = added;
    *out = added;
    return rpl_ok();
}

static bool wants_key(const builder *b)
{
    return b->depth > 0 && b->open[b->depth - 1]->kind == RPL_YAML_MAP && !b->has_key;
}

static rpl_status take_key(builder *b, rpl_bytes key)
{
    if (rpl_bytes_equal(key, rpl_bytes_of_text("<<")))
        return rpl_fail(RPL_MALFORMED, "YAML: merge keys are not read here; write the members out");
    if (member(b->open[b->depth - 1], key))
        return rpl_fail(RPL_MALFORMED, "YAML: a key appears twice in one map");
    b->key = keep(b->tree, key);
    b->has_key = true;
    return rpl_ok();
}

static rpl_status on_scalar(builder *b, const yaml_event_t *event)
{
    rpl_yaml_node *added;
    if (event->data.scalar.tag)
        return rpl_fail(RPL_MALFORMED, "YAML: explicit tags are not read here; write plain values");
    if (wants_key(b))
        return take_key(b, scalar_of(event));
    const rpl_yaml_node node = {.kind = RPL_YAML_SCALAR,
                                .is_null = says_null(event),
                                .value = keep(b->tree, scalar_of(event))};
    return add(b, node, &added);
}

static rpl_status on_start(builder *b, rpl_yaml_kind kind, const yaml_char_t *tag)
{
    if (tag)
        return rpl_fail(RPL_MALFORMED, "YAML: explicit tags are not read here; write plain values");
    if (wants_key(b))
        return rpl_fail(RPL_MALFORMED, "YAML: a key that is no scalar");
    if (b->depth == RPL_YAML_DEPTH_MAX)
        return rpl_fail(RPL_TOO_LARGE, "YAML: nested too deep");
    rpl_yaml_node *added;
    RPL_TRY(add(b, (rpl_yaml_node){.kind = kind}, &added));
    b->open[b->depth++] = added;
    return rpl_ok();
}

static rpl_status on_event(builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, RPL_YAML_LIST, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, RPL_YAML_MAP, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth -= b->depth > 0;
        return rpl_ok();
    case YAML_ALIAS_EVENT:
        return rpl_fail(RPL_MALFORMED, "YAML: aliases are not read here; write the value out");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return rpl_ok();
}

static rpl_status at_line(rpl_status s, yaml_mark_t mark)
{
    if (s.code != RPL_OK)
        s.at = (uint32_t)mark.line + 1;
    return s;
}

/* One event; *ended at the end of the stream. */
static rpl_status step(yaml_parser_t *parser, builder *b, bool *ended)
{
    __attribute__((cleanup(delete_event))) yaml_event_t event = {0};
    if (!yaml_parser_parse(parser, &event))
        return at_line(rpl_fail(RPL_MALFORMED, "YAML: not well formed"), parser->problem_mark);
    *ended = event.type == YAML_STREAM_END_EVENT;
    return at_line(on_event(b, &event), event.start_mark);
}

rpl_status rpl_yaml_parse(rpl_bytes text, rpl_yaml_tree **out)
{
    if (text.len > RPL_YAML_MAX)
        return rpl_fail(RPL_TOO_LARGE, "YAML: longer than 256 KiB");
    RPL_AUTO(yaml_tree) rpl_yaml_tree *tree = new_tree(text.len);
    __attribute__((cleanup(delete_parser))) yaml_parser_t parser = {0};
    if (!tree || !yaml_parser_initialize(&parser))
        return rpl_fail(RPL_INTERNAL, "YAML: memory");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    static const uint8_t nothing[1];
    yaml_parser_set_input_string(&parser, text.len ? text.data : nothing, text.len);
    builder b = {.tree = tree};
    bool ended = false;
    while (!ended)
        RPL_TRY(step(&parser, &b, &ended));
    rpl_yaml_node *added;
    if (tree->count == 0)
        RPL_TRY(add(&b, (rpl_yaml_node){.is_null = true}, &added));
    if (!rpl_writer_done(&tree->text))
        return rpl_fail(RPL_INTERNAL, "YAML: a scalar longer than its text");
    *out = RPL_TAKE(tree);
    return rpl_ok();
}

const rpl_yaml_node *rpl_yaml_root(const rpl_yaml_tree *tree)
{
    return &tree->nodes[0];
}

const rpl_yaml_node *rpl_yaml_get(const rpl_yaml_node *map, const char *key)
{
    return map && map->kind == RPL_YAML_MAP ? member(map, rpl_bytes_of_text(key)) : NULL;
}

const rpl_yaml_node *rpl_yaml_walk(const rpl_yaml_node *top, const rpl_yaml_node *node)
{
    if (node->first)
        return node->first;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}
