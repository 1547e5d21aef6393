#include "attestation/policy/yaml_tree.h"

#include "tests/support/check.h"

static rpl_status parse(const char *text, size_t len, rpl_yaml_tree **out)
{
    uint8_t *exact = exact_copy(text, len);
    const rpl_status s = rpl_yaml_parse(rpl_bytes_of(exact, len), out);
    free(exact);
    return s;
}

static rpl_yaml_tree *parsed(const char *text)
{
    rpl_yaml_tree *tree = NULL;
    assert_ok(parse(text, strlen(text), &tree));
    return tree;
}

static void assert_text(rpl_bytes got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
}

static void a_document_becomes_a_tree(void **state)
{
    (void)state;
    RPL_AUTO(yaml_tree)
    rpl_yaml_tree *tree =
        parsed("# c\na: 1\nb:\n  - x\n  - {k: \"v\\u00e4\", e: }\n'c': |\n  l1\n  l2\n");
    const rpl_yaml_node *root = rpl_yaml_root(tree);
    assert_int_equal(root->kind, RPL_YAML_MAP);
    assert_text(rpl_yaml_get(root, "a")->value, "1");
    assert_text(rpl_yaml_get(root, "c")->value, "l1\nl2\n");
    const rpl_yaml_node *list = rpl_yaml_get(root, "b");
    assert_int_equal(list->kind, RPL_YAML_LIST);
    assert_text(list->first->value, "x");
    assert_text(rpl_yaml_get(list->first->next, "k")->value, "v\xc3\xa4");
    assert_true(rpl_yaml_get(list->first->next, "e")->is_null);
    assert_null(list->first->next->next);
    assert_null(rpl_yaml_get(root, "absent"));
    assert_null(rpl_yaml_get(list, "k"));
    assert_null(rpl_yaml_get(NULL, "k"));
}

static void a_walk_meets_every_node_once_in_order(void **state)
{
    (void)state;
    RPL_AUTO(yaml_tree) rpl_yaml_tree *tree = parsed("a: [1, [2, 3], {x: 4}]\nb: 5\nc: []\nd: 6\n");
    char met[8] = "";
    size_t n = 0;
    const rpl_yaml_node *root = rpl_yaml_root(tree);
    for (const rpl_yaml_node *node = root; node; node = rpl_yaml_walk(root, node)) {
        if (node->kind == RPL_YAML_SCALAR)
            met[n++] = (char)node->value.data[0];
    }
    assert_string_equal(met, "123456");
    const rpl_yaml_node *top = rpl_yaml_get(root, "a");
    n = 0;
    for (const rpl_yaml_node *node = top; node; node = rpl_yaml_walk(top, node))
        n++;
    assert_int_equal(n, 7);
}

static void only_plain_nulls_are_null(void **state)
{
    (void)state;
    RPL_AUTO(yaml_tree) rpl_yaml_tree *tree = parsed("[~, null, '', \"null\", 0, nil]");
    const bool want[] = {true, true, false, false, false, false};
    size_t i = 0;
    for (const rpl_yaml_node *node = rpl_yaml_root(tree)->first; node; node = node->next)
        assert_int_equal(node->is_null, want[i++]);
    assert_int_equal(i, 6);
}

static void an_empty_text_is_null(void **state)
{
    (void)state;
    RPL_AUTO(yaml_tree) rpl_yaml_tree *empty = parsed("");
    assert_true(rpl_yaml_root(empty)->is_null);
    RPL_AUTO(yaml_tree) rpl_yaml_tree *comment = parsed("# nothing\n");
    assert_true(rpl_yaml_root(comment)->is_null);
}

static void what_could_mean_two_things_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
    } cases[] = {
        {"a: &x 1\nb: *x\n", 2},
        {"a: &x {k: 1}\nb:\n  <<: {k: 2}\n", 3},
        {"a:\n  \"<<\": {k: 2}\n", 2},
        {"a: 1\nb: 2\na: 3\n", 3},
        {"a: 1\n\"a\": 3\n", 2},
        {"a: 1\n\"\\x61\": 3\n", 2},
        {"a: !!binary L3J1bg==\n", 1},
        {"a: !reset x\n", 1},
        {"a: !!str x\n", 1},
        {"!!map {a: 1}\n", 1},
        {"a: 1\n---\nb: 2\n", 3},
        {"? [a]\n: 1\n", 1},
        {"? {a: 1}\n: 1\n", 1},
        {"a: [1\n", 2},
        {"a: b: c\n", 1},
        {"\ta: 1\n", 1},
        {"a: \xff\n", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rpl_yaml_tree *tree = NULL;
        const rpl_status s = parse(cases[i].text, strlen(cases[i].text), &tree);
        assert_code(s, RPL_MALFORMED);
        assert_null(tree);
        if (cases[i].text[3] != (char)0xff && s.at != cases[i].line)
            fail_msg("%s: line %u, wanted %u", cases[i].text, s.at, cases[i].line);
    }
}

static void a_bom_of_another_encoding_does_not_switch_it(void **state)
{
    (void)state;
    rpl_yaml_tree *tree = NULL;
    assert_code(parse("\xff\xfe"
                      "a\0:\0 \0b\0",
                      10, &tree),
                RPL_MALFORMED);
}

static void limits_end_where_they_say(void **state)
{
    (void)state;
    static char text[RPL_YAML_MAX + 1];
    rpl_yaml_tree *tree = NULL;
    memset(text, ' ', sizeof(text));
    assert_ok(parse(text, RPL_YAML_MAX, &tree));
    rpl_yaml_free(tree);
    tree = NULL;
    assert_code(parse(text, RPL_YAML_MAX + 1, &tree), RPL_TOO_LARGE);
    for (size_t depth = RPL_YAML_DEPTH_MAX; depth <= RPL_YAML_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        tree = NULL;
        assert_int_equal(parse(text, 2 * depth, &tree).code,
                         depth == RPL_YAML_DEPTH_MAX ? RPL_OK : RPL_TOO_LARGE);
        rpl_yaml_free(tree);
    }
}

static void the_last_node_fits_and_one_more_does_not(void **state)
{
    (void)state;
    static char text[4 * RPL_YAML_NODES_MAX];
    for (size_t count = RPL_YAML_NODES_MAX - 1; count <= RPL_YAML_NODES_MAX; count++) {
        text[0] = '[';
        for (size_t i = 0; i < count; i++)
            memcpy(text + 1 + 2 * i, "0,", 2);
        text[1 + 2 * count] = ']';
        rpl_yaml_tree *tree = NULL;
        assert_int_equal(parse(text, 2 + 2 * count, &tree).code,
                         count < RPL_YAML_NODES_MAX ? RPL_OK : RPL_TOO_LARGE);
        rpl_yaml_free(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_becomes_a_tree),
        cmocka_unit_test(a_walk_meets_every_node_once_in_order),
        cmocka_unit_test(only_plain_nulls_are_null),
        cmocka_unit_test(an_empty_text_is_null),
        cmocka_unit_test(what_could_mean_two_things_is_refused),
        cmocka_unit_test(a_bom_of_another_encoding_does_not_switch_it),
        cmocka_unit_test(limits_end_where_they_say),
        cmocka_unit_test(the_last_node_fits_and_one_more_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
