/* yaml_tree.h - one YAML document as a bounded tree, read so that it cannot mean something else to
 * another reader.
 *
 * libyaml scans; what makes YAML ambiguous or explosive is refused: aliases, merge keys, explicit
 * tags, a second document, duplicate keys, keys that are not scalars, encodings other than UTF-8.
 * Scalars stay text: what a type they would have is the caller's business.
 */
#ifndef RPL_ATTESTATION_POLICY_YAML_TREE_H
#define RPL_ATTESTATION_POLICY_YAML_TREE_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_YAML_MAX = 262144, /* bytes of text */
    RPL_YAML_NODES_MAX = 8192,
    RPL_YAML_DEPTH_MAX = 24,
};

typedef enum { RPL_YAML_SCALAR, RPL_YAML_LIST, RPL_YAML_MAP } rpl_yaml_kind;

typedef struct rpl_yaml_node rpl_yaml_node;
struct rpl_yaml_node {
    rpl_yaml_kind kind;
    bool is_null;    /* a plain scalar that says null or nothing */
    rpl_bytes key;   /* when the parent is a map */
    rpl_bytes value; /* of a scalar */
    const rpl_yaml_node *parent, *first, *next;
    rpl_yaml_node *last; /* child; used while building */
};

typedef struct rpl_yaml_tree rpl_yaml_tree;

/* `*out` is the caller's, released with rpl_yaml_free; it does not borrow from `text`. An empty
 * document is a null scalar. `at` of a failure is the line, from 1.
 * RPL_MALFORMED  not YAML, or one of the refusals above
 * RPL_TOO_LARGE  over a limit above */
RPL_CHECKED rpl_status rpl_yaml_parse(rpl_bytes text, rpl_yaml_tree **out);
void rpl_yaml_free(rpl_yaml_tree *tree);
RPL_DEFINE_AUTO(rpl_yaml_tree *, yaml_tree, rpl_yaml_free)

/* All nodes are borrowed from the tree. */
const rpl_yaml_node *rpl_yaml_root(const rpl_yaml_tree *tree);
/* The member of a map; NULL when absent, or `map` is NULL or no map. */
const rpl_yaml_node *rpl_yaml_get(const rpl_yaml_node *map, const char *key);
/* The node behind `node` in document order within the subtree of `top`; NULL at its end. Start with
 * `top` itself. */
const rpl_yaml_node *rpl_yaml_walk(const rpl_yaml_node *top, const rpl_yaml_node *node);

#endif
